// The ext4 inside the opened state disk. Blocking; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace kedge {

// Runs the first of `programs` that exists (mkfs.ext4, by absolute path) on `device`, without a
// shell. INTERNAL with the program's last words where it fails.
Status MakeExt4(const std::vector<std::string>& programs, const std::string& device);

// Mounts ext4, and nothing else, nosuid and nodev; makes the mount point. kReadOnly still lets ext4
// finish what its journal holds, and nothing more. Faults: MARKER_MISSING
// where there is no whole ext4 on the device.
enum class MountAccess { kReadOnly, kReadWrite };
Status MountExt4(const std::string& device, const std::string& mount_point, MountAccess access);

// OK where nothing is mounted there. Faults: DISK_BUSY.
Status Unmount(const std::string& mount_point);

}  // namespace kedge
