// The kernel's device-mapper devices on the state disk, through libdevmapper. Blocking; one thread
// at a time (libdevmapper keeps process-wide state).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "storage/core/live_table.h"

namespace kedge {

// Process-wide settings of libdevmapper: no udev cookies (an initrd without device-mapper rules
// would wait for ever; the library makes the nodes itself) and no lines on stderr.
void SetUpDeviceMapper();

// Name of the lower one of the two devices that libcryptsetup makes for one volume.
inline std::string IntegrityName(const std::string& mapping) { return mapping + "_dif"; }
// Name of the device with the file system, over the opened device `mapping`.
inline std::string FileSystemName(const std::string& mapping) { return mapping + "_fs"; }

std::string DeviceNumber(dev_t number);  // "major:minor"

StatusOr<LiveTables> ReadLiveTables(const std::string& mapping);
// "major:minor" of the mapped device. NOT_FOUND where there is none.
StatusOr<std::string> MappedDeviceNumber(const std::string& mapping);

// A new dm-linear device `name` that shows `window`.
Status CreateLinear(const std::string& name, const LinearWindow& window);
// Takes the dm-linear device `name`, in use or not, to another window in one step: what is read and
// written meanwhile waits and does not fail. Cut off, the device shows the one or the other.
Status ReloadLinear(const std::string& name, const LinearWindow& window);
StatusOr<std::vector<TableTarget>> ReadTable(const std::string& name);

// Removes every mapping stacked on `disk`, and what was begun of the devices of the volume
// `mapping`, the uppermost first: what a killed process left, or what Close puts away. DISK_BUSY
// where one is in use.
Status RemoveMappingsOn(dev_t disk, const std::string& mapping);

}  // namespace kedge
