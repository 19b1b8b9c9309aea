// Taking a header to its next disk counter, so that a power cut at any point leaves one that still
// opens (docs/FORMATS.md, "Advance"). Pure.
#pragma once

#include <vector>

#include "storage/core/luks_header.h"

namespace kedge {

// One write to the disk; durable before the next one begins.
struct HeaderWrite {
  size_t offset = 0;  // of a whole copy
  Bytes content;
};

struct HeaderAdvance {
  std::vector<HeaderWrite> writes;  // in this order; none where there is nothing to do
  OpenedDisk disk;                  // once all are done
};

// Writes that leave both copies of `header` equal, counted and with `disk_counter`; a copy that
// is whole is written over only while the other one is whole too. The new header passes the same
// gate as one that is read from a disk, and keeps the digest.
StatusOr<HeaderAdvance> PlanAdvance(const VerifiedHeader& header, uint64_t device_bytes,
                                    uint64_t disk_counter, const SecretBytes& header_mac_key,
                                    const DiskBinding& binding);

}  // namespace kedge
