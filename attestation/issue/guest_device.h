// The seam to a device of the kernel that answers ioctl(2).
#pragma once

#include <functional>
#include <string>

#include "base/status.h"

namespace kedge {

// 0, or an errno. Blocks as ioctl does; called by one thread at a time.
using DeviceCall = std::function<int(unsigned long request, void* argument)>;

// The device stays open for as long as the returned function or a copy of it lives. Fault
// TSM_NOT_AVAILABLE.
StatusOr<DeviceCall> OpenGuestDevice(const std::string& path);

}  // namespace kedge
