#include "keyservice/server/mount_watch.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

namespace kedge::keyservice {
namespace {

constexpr int kRetryMs = 1000;
constexpr size_t kMountPointField = 4;

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// proc(5): space, tab, newline and backslash are written as three octal digits.
std::string Unescape(absl::string_view field) {
  std::string out;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size() && IsOctal(field[i + 1]) &&
        IsOctal(field[i + 2]) && IsOctal(field[i + 3])) {
      out.push_back(static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 +
                                      (field[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(field[i]);
    }
  }
  return out;
}

std::string ReadFromStart(int fd) {
  std::string text;
  char buffer[4096];
  if (lseek(fd, 0, SEEK_SET) != 0) return text;
  for (ssize_t count; (count = read(fd, buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

}  // namespace

bool IsMountPoint(std::string_view mountinfo, std::string_view path) {
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(mountinfo.data(), mountinfo.size()), '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    if (fields.size() > kMountPointField && Unescape(fields[kMountPointField]) == path) return true;
  }
  return false;
}

MountWatch::MountWatch(std::string path, std::function<Status()> on_mounted)
    : path_(std::move(path)),
      on_mounted_(std::move(on_mounted)),
      stop_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { Run(); }) {}

MountWatch::~MountWatch() {
  const uint64_t one = 1;
  // An eventfd with room for one takes it at once.
  if (write(stop_, &one, sizeof(one)) != sizeof(one)) std::abort();
  thread_.join();
  close(stop_);
}

void MountWatch::Run() {
  const int mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  if (mounts < 0) return;
  const auto close_mounts = absl::MakeCleanup([mounts] { close(mounts); });
  for (;;) {
    int timeout = -1;
    if (IsMountPoint(ReadFromStart(mounts), path_)) {
      if (!IsRetryable(on_mounted_())) return;
      timeout = kRetryMs;
    }
    pollfd fds[] = {{.fd = stop_, .events = POLLIN, .revents = 0},
                    {.fd = mounts, .events = POLLPRI, .revents = 0}};
    if (poll(fds, 2, timeout) < 0 && errno != EINTR) return;
    if ((fds[0].revents & POLLIN) != 0) return;
  }
}

}  // namespace kedge::keyservice
