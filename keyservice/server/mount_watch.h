// Waits until a path is a mount point: the key service of the initrd learns so that the
// bootstrapper has opened the state disk.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "base/status.h"

namespace kedge::keyservice {

// Whether `mountinfo` (the text of /proc/self/mountinfo, proc(5)) has a mount at `path`. Pure.
bool IsMountPoint(std::string_view mountinfo, std::string_view path);

// One thread that sleeps in poll(2) until the kernel says that mounts have changed.
class MountWatch {
 public:
  // Calls `on_mounted` from the thread once `path` is a mount point, at once if it is one already;
  // again every second for as long as it returns a retryable error, then never again.
  MountWatch(std::string path, std::function<Status()> on_mounted);
  ~MountWatch();
  MountWatch(const MountWatch&) = delete;
  MountWatch& operator=(const MountWatch&) = delete;

 private:
  void Run();

  const std::string path_;
  const std::function<Status()> on_mounted_;
  const int stop_;  // eventfd
  std::thread thread_;
};

}  // namespace kedge::keyservice
