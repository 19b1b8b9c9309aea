// The port to the node's encrypted state disk.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
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
  uint64_t disk_counter = 0;     // as the header shows it, for kLuks2; never trusted
};

// Names what a header MAC and the keyslot are bound to.
struct DiskBinding {
  std::string cluster_id_hex;
  std::string node;
  std::string volume;  // "state"
  uint32_t dek_generation = 1;
};

// Which counters the header may show (design: Node life, "Four counters"): the one that this node
// acknowledged last, and the one that the disk is to be taken to.
struct DiskCounters {
  uint64_t acknowledged = 0;
  uint64_t next = 1;
};

// OK where `shown`, of a header whose MAC passed, is one of the two. Fault STALE_DISK.
Status CheckDiskCounter(uint64_t shown, const DiskCounters& counters);

struct OpenedDisk {
  Sha256Digest header_digest{};
  uint64_t disk_counter = 0;
};

// A file of the state disk's file system by its name in the root folder; nullopt where there is
// none.
using ReadStateFile = std::function<StatusOr<std::optional<Bytes>>(const std::string&, size_t max)>;
// Has the last word on a disk whose header, table and marker have passed, with its file system
// mounted read-only where nobody looks. An error closes the disk.
using ContentCheck = std::function<Status(uint64_t disk_counter, const ReadStateFile& read)>;

// Calls block and are serialised. All secrets are wiped after use.
class StateDisk {
 public:
  virtual ~StateDisk() = default;
  virtual StatusOr<DiskInspection> Inspect() = 0;
  // LUKS2 aes-xts-plain64 + hmac(sha256), 4,096-byte sectors, an extent with ext4 and marker that
  // grows later. Destroys everything on the disk: only called when the key service says FORMATTING.
  // Returns the digest.
  // The header then shows `disk_counter`. `progress` gets 0..100.
  virtual StatusOr<Sha256Digest> Format(const SecretBytes& dek, const DiskBinding& binding,
                                        uint64_t disk_counter,
                                        const std::function<void(int)>& progress) = 0;
  // Reads the header once, validates that copy, checks its MAC and counter, opens from that copy,
  // checks the live device-mapper table, asks `check`, and mounts at the mount point
  // (nosuid,nodev,noexec not set). With a counter that is not one of `counters` nothing is mapped,
  // mounted or written. Faults: DISK_BLANK, HEADER_NOT_ACCEPTED, HEADER_MAC, STALE_DISK, WRONG_KEY,
  // TABLE_MISMATCH, EXTENT_DAMAGED, EXTENT_STALE, DISK_IO, MARKER_MISSING, and those of `check`.
  virtual StatusOr<OpenedDisk> Open(const SecretBytes& dek, const DiskBinding& binding,
                                    const DiskCounters& counters, const ContentCheck& check) = 0;
  // Takes the header, and first the extent record, of an open disk to `counters.next`, and repairs
  // what a cut-off advance left; nothing is written where there is nothing to do. Cut off at any
  // point, the disk opens with one of `counters`, and Advance finishes it. Faults: DISK_BLANK,
  // HEADER_NOT_ACCEPTED, HEADER_MAC, STALE_DISK, EXTENT_DAMAGED, EXTENT_STALE.
  virtual StatusOr<OpenedDisk> Advance(const SecretBytes& dek, const DiskBinding& binding,
                                       const DiskCounters& counters) = 0;
  virtual Status Close() = 0;
};

}  // namespace kedge
