#include "attestation/issue/guest_device.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace kedge {

StatusOr<DeviceCall> OpenGuestDevice(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    return MakeFault(StatusCode::kFailedPrecondition, "TSM_NOT_AVAILABLE", Advice::kAskOperator,
                     absl::StrCat("cannot open ", path, ": ", std::strerror(errno),
                                  "; expected the guest driver of the TEE and to run as root"));
  }
  const std::shared_ptr<const int> owned(new int(fd), [](const int* held) {
    close(*held);
    delete held;
  });
  return DeviceCall([owned](unsigned long request, void* argument) {
    return ioctl(*owned, request, argument) < 0 ? errno : 0;
  });
}

}  // namespace kedge
