// The port to the node's encrypted state disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/digest.h"

namespace kedge {

// What the raw device shows before any key is known. Never a reason to format by itself (S4).
enum class DiskContent {
  kBlank,    // both header areas (first 32 KiB and the secondary copy's offsets) all zero
  kLuks2,    // a LUKS2 header that passes the allow-list
  kForeign,  // anything else, including a LUKS2 header that fails the allow-list
};

struct DiskInspection {
  DiskContent content = DiskContent::kForeign;
  std::string detail;            // why kForeign, for the log
  Sha256Digest header_digest{};  // over the canonical header, for kLuks2
  std::string uuid;              // LUKS2 UUID, for kLuks2; never trusted
};

// Names what a header MAC and the keyslot are bound to.
struct DiskBinding {
  std::string cluster_id_hex;
  std::string node;
  std::string volume;  // "state"
  uint32_t dek_generation = 1;
};

// Calls block and are serialised. All secrets are wiped after use.
class StateDisk {
 public:
  virtual ~StateDisk() = default;
  virtual StatusOr<DiskInspection> Inspect() = 0;
  // LUKS2 aes-xts-plain64 + hmac(sha256), 4,096-byte sectors, full wipe, ext4, marker. Destroys
  // everything on the disk: only called when the key service says FORMATTING. Returns the digest.
  // `progress` gets 0..100.
  virtual StatusOr<Sha256Digest> Format(const SecretBytes& dek, const DiskBinding& binding,
                                        const std::function<void(int)>& progress) = 0;
  // Reads the header once, validates that copy, checks its MAC, opens from that copy, checks the
  // live device-mapper table, and mounts at the mount point (nosuid,nodev,noexec not set).
  // Faults: DISK_BLANK, HEADER_NOT_ACCEPTED, HEADER_MAC, WRONG_KEY, TABLE_MISMATCH, MARKER_MISSING.
  virtual StatusOr<Sha256Digest> Open(const SecretBytes& dek, const DiskBinding& binding) = 0;
  virtual Status Close() = 0;
};

}  // namespace kedge
