// Errors of system calls on the state disk.
#pragma once

#include <string_view>

#include "base/status.h"

namespace kedge {

// "`what`: strerror(`error`)", INTERNAL; NOT_FOUND with fault DISK_ABSENT for ENOENT, ENXIO and
// ENODEV; FAILED_PRECONDITION with fault DISK_BUSY for EBUSY; DATA_LOSS with fault DISK_IO for EIO
// and EILSEQ.
Status ErrnoStatus(int error, std::string_view what);

}  // namespace kedge
