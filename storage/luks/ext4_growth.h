// The size of a mounted ext4, and growing it while it is used. Blocking; thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace kedge {

// What the superblock on `device` states, as the kernel has it where it is mounted. Bytes.
// MARKER_MISSING where there is no ext4 as Format makes it.
StatusOr<uint64_t> Ext4BytesOn(const std::string& device);

// Grows the ext4 mounted at `mount_point` to `bytes`, which its device must have; the kernel leaves
// out a rest that is too small for a block group. Does nothing where it is as large. Whole or not
// at all after a power cut. Needs CAP_SYS_RESOURCE, and a kernel that has commit a6b3bfe176e8
// ("ext4: fix corruption during on-line resize": 6.1.83, 6.12 and later).
Status GrowExt4(const std::string& mount_point, uint64_t bytes);

struct Ext4Space {
  uint64_t free = 0;
  uint64_t size = 0;
};
StatusOr<Ext4Space> SpaceOf(const std::string& mount_point);

}  // namespace kedge
