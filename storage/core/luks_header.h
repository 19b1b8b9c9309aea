// The LUKS2 header of a state disk: strict parsing of one in-memory copy (S1), its canonical form,
// digest and MAC (S2). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "storage/core/luks_json.h"
#include "storage/core/state_disk.h"

namespace kedge {

// A header that passed the allow-list. Everything in it still comes from the host.
struct UnverifiedHeader {
  std::string uuid;
  uint64_t sequence = 0;
  HeaderToken token;
  // What digest and MAC cover (docs/FORMATS.md, "Canonical header"): the binary header without
  // checksum and salt, the JSON without the MAC, and the digest of the keyslot area.
  Bytes canonical;
};

// `region` is the first kLuksHeaderRegionBytes of the disk, `device_bytes` the size of the disk.
// Both header copies must be valid, equal and exactly as libcryptsetup 2.6 writes them for us.
// Faults: HEADER_NOT_ACCEPTED.
StatusOr<UnverifiedHeader> ParseHeader(ByteView region, uint64_t device_bytes);

// Says what the first kDiskPrefixBytes of a disk show (shorter only where the disk is).
DiskInspection InspectPrefix(ByteView prefix, uint64_t device_bytes);

// SHA-256 over the canonical header: what the node reports and the registry remembers.
Sha256Digest HeaderDigest(const UnverifiedHeader& header);

// The keys below one DEK (design: Protocol, Keys), 32 bytes each.
struct StateDiskKeys {
  SecretBytes header_mac;
  SecretBytes keyslot;
  SecretBytes marker;
};
StatusOr<StateDiskKeys> DeriveStateDiskKeys(const SecretBytes& dek);

Sha256Digest HeaderMac(const SecretBytes& header_mac_key, const UnverifiedHeader& header,
                       const DiskBinding& binding);

// A header that was made with this DEK for this binding.
class VerifiedHeader {
 public:
  // Faults: HEADER_MAC.
  static StatusOr<VerifiedHeader> Verify(UnverifiedHeader header, const SecretBytes& header_mac_key,
                                         const DiskBinding& binding);

  const std::string& uuid() const { return header_.uuid; }
  const HeaderToken& token() const { return header_.token; }
  Sha256Digest Digest() const { return HeaderDigest(header_); }

 private:
  explicit VerifiedHeader(UnverifiedHeader header) : header_(std::move(header)) {}
  UnverifiedHeader header_;
};

// `region`, which ParseHeader accepts, with the MAC in the token of both copies and their
// checksums computed again.
StatusOr<Bytes> WithHeaderMac(ByteView region, uint64_t device_bytes, const Sha256Digest& mac);

// Computes and stores the checksum of the header copy that begins at `offset` in `region`.
void StoreChecksum(Bytes& region, size_t offset);

}  // namespace kedge
