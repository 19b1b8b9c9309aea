// The ext4 inside the opened state disk. Blocking; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace kedge {

// Runs the first of `programs` that exists (mkfs.ext4, by absolute path) on `device`, which holds
// nothing but zeros, without a shell. The file system is made to grow to `final_bytes`: group
// descriptors that need no room in advance (meta_bg), a journal and inode tables as for that size.
// INTERNAL with the program's last words where it fails.
Status MakeExt4(const std::vector<std::string>& programs, const std::string& device,
                uint64_t final_bytes);

// Mounts ext4, and nothing else, nosuid and nodev; makes the mount point. kReadOnly still lets ext4
// finish what its journal holds, and nothing more. Faults: MARKER_MISSING
// where there is no whole ext4 on the device.
enum class MountAccess { kReadOnly, kReadWrite };
Status MountExt4(const std::string& device, const std::string& mount_point, MountAccess access);

// OK where nothing is mounted there. Faults: DISK_BUSY.
Status Unmount(const std::string& mount_point);

}  // namespace kedge
