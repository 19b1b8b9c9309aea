#include "base/host/system_clock.h"

#include <sys/stat.h>

namespace kedge {

absl::Time ImageBuildTime() {
  struct stat info {};
  if (stat("/proc/self/exe", &info) != 0) return absl::UnixEpoch();
  return absl::TimeFromTimespec(info.st_mtim);
}

}  // namespace kedge
