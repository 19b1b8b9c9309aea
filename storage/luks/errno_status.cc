#include "storage/luks/errno_status.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace kedge {

Status ErrnoStatus(int error, std::string_view what) {
  const std::string message =
      std::string(what) + ": " + std::system_category().message(error) + "; ";
  switch (error) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
      return MakeFault(StatusCode::kNotFound, "DISK_ABSENT", Advice::kRetry,
                       message + "attach the state disk");
    case EBUSY:
      return MakeFault(StatusCode::kFailedPrecondition, "DISK_BUSY", Advice::kAskOperator,
                       message + "something else uses the state disk; find it and close it");
    case EIO:
    case EILSEQ:
      return MakeFault(StatusCode::kDataLoss, "DISK_IO", Advice::kAskOperator,
                       message + "the disk is damaged or was changed from outside");
    default:
      return Internal(message + "see the kernel log");
  }
}

}  // namespace kedge
