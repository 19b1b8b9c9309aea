// The LUKS2 header of a state disk: strict parsing of one in-memory copy (S1), its canonical form,
// digest and MAC (S2). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "storage/core/luks_json.h"
#include "storage/core/state_disk.h"

namespace kedge {

// How the two copies stand to each other. Everything but kEqual is what an advance that was cut off
// leaves (docs/FORMATS.md, "Advance"); no other difference is accepted.
enum class HeaderCopies {
  kEqual,
  kPrimaryNewer,   // both whole, the primary one advance ahead: it counts
  kPrimaryTorn,    // the secondary counts
  kSecondaryTorn,  // the primary counts
};

// What one copy means.
struct HeaderImage {
  HeaderToken token;
  // What the MAC covers (docs/FORMATS.md, "Canonical header"): the binary header without checksum
  // and salt, the JSON without the MAC, and the digest of the keyslot area.
  Bytes canonical;
  // What the digest covers: the same, as it was at counter 0.
  Bytes identity;
};

// A header that passed the allow-list. Everything in it still comes from the host.
struct UnverifiedHeader {
  std::string uuid;
  uint64_t sequence = 0;
  HeaderCopies copies = HeaderCopies::kEqual;
  HeaderImage image;                 // of the copy that counts
  std::optional<HeaderImage> older;  // of the other, for kPrimaryNewer
  // The region as it should be: both copies say what the one that counts says. The only bytes that
  // anybody may parse again.
  Bytes region;
};

// `region` is the first kLuksHeaderRegionBytes of the disk, `device_bytes` the size of the disk.
// The copies must be valid and exactly as libcryptsetup 2.6 writes them for us, equal or
// HeaderCopies. Faults: HEADER_NOT_ACCEPTED.
StatusOr<UnverifiedHeader> ParseHeader(ByteView region, uint64_t device_bytes);

// Says what the first kDiskPrefixBytes of a disk show (shorter only where the disk is).
DiskInspection InspectPrefix(ByteView prefix, uint64_t device_bytes);

// SHA-256 over the identity: what the node reports and the registry remembers. Stays the same for
// the disk's life, whatever its counter.
Sha256Digest HeaderDigest(const UnverifiedHeader& header);

// The keys below one DEK (design: Protocol, Keys), kStateDiskKeyBytes each.
inline constexpr size_t kStateDiskKeyBytes = 32;
struct StateDiskKeys {
  SecretBytes header_mac;
  SecretBytes keyslot;
  SecretBytes marker;
  SecretBytes extent;
};
StatusOr<StateDiskKeys> DeriveStateDiskKeys(const SecretBytes& dek);

Sha256Digest HeaderMac(const SecretBytes& header_mac_key, const HeaderImage& image,
                       const DiskBinding& binding);

// A header that was made with this DEK for this binding; both copies were, where they differ.
class VerifiedHeader {
 public:
  // Faults: HEADER_MAC.
  static StatusOr<VerifiedHeader> Verify(UnverifiedHeader header, const SecretBytes& header_mac_key,
                                         const DiskBinding& binding);

  const std::string& uuid() const { return header_.uuid; }
  const HeaderToken& token() const { return header_.image.token; }
  uint64_t sequence() const { return header_.sequence; }
  HeaderCopies copies() const { return header_.copies; }
  const Bytes& region() const { return header_.region; }
  Sha256Digest Digest() const { return HeaderDigest(header_); }

 private:
  explicit VerifiedHeader(UnverifiedHeader header) : header_(std::move(header)) {}
  UnverifiedHeader header_;
};

// `region`, whose copies are equal and which ParseHeader accepts, with another token and sequence
// number in both copies and their checksums computed again.
StatusOr<Bytes> WithToken(ByteView region, uint64_t device_bytes, const HeaderToken& token,
                          uint64_t sequence);
// The same with the MAC that belongs to it.
StatusOr<Bytes> WithHeaderMac(ByteView region, uint64_t device_bytes,
                              const SecretBytes& header_mac_key, const DiskBinding& binding);

// Computes and stores the checksum of the header copy that begins at `offset` in `region`.
void StoreChecksum(Bytes& region, size_t offset);

}  // namespace kedge
