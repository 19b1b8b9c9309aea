// kedge-testkill.so: ends the program it is loaded into, at chosen points. In the test image only,
// and loaded only where the host asks for it (tests/vm/README.md, "Kill points").
//
// KEDGE_TESTKILL=steps: right before and right after each line "kedge: step NAME done …" is
// written, that is, when a step has had its effect and nobody knows, and when everybody does.
// KEDGE_TESTKILL=calls: also before and after each call that changes something outside of the
// program: files, mounts, device-mapper, the TPM, the network.
//
// Each point kills once in a boot: what has killed is remembered in /run/kedge/testkill.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace {

constexpr char kFolder[] = "/run/kedge/testkill";
constexpr std::string_view kStepLine = "kedge: step ";
constexpr std::string_view kDone = " done in ";
constexpr std::string_view kHeld = " already done, ";
// A step that makes the same call again and again (a wipe) is not cut off at each.
constexpr int kMostOfAKind = 4;

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool CallsToo() {
  const char* mode = std::getenv("KEDGE_TESTKILL");
  return mode != nullptr && std::string_view(mode) == "calls";
}

// Dies here, unless this point has killed before in this boot. errno stays what it was: it may be
// the answer of the call that this point comes after.
void Point(const std::string& name) {
  const int kept_errno = errno;
  mkdir("/run/kedge", 0755);
  mkdir(kFolder, 0755);
  const std::string marker = std::string(kFolder) + "/" + name;
  const int fd = open(marker.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    errno = kept_errno;
    return;
  }
  close(fd);
  kill(getpid(), SIGKILL);
}

// The step that a console line says is done, or "".
std::string StepOf(std::string_view text) {
  if (!text.starts_with(kStepLine)) return "";
  text.remove_prefix(kStepLine.size());
  const size_t end = std::min(text.find(kDone), text.find(kHeld));
  return end == std::string_view::npos ? "" : std::string(text.substr(0, end));
}

struct Progress {
  std::mutex mutex;
  std::string after = "start";       // the last step that was done
  std::map<std::string, int> calls;  // since then
};

Progress& TheProgress() {
  static Progress progress;
  return progress;
}

// Names of the two points around the next call of this kind; "" where there is none.
std::string CallPoint(const char* kind) {
  static const bool wanted = CallsToo();
  if (!wanted) return "";
  Progress& progress = TheProgress();
  const std::lock_guard lock(progress.mutex);
  const int number = ++progress.calls[kind];
  if (number > kMostOfAKind) return "";
  return "after-" + progress.after + "-" + kind + "-" + std::to_string(number);
}

template <typename Call>
auto Around(const char* kind, Call call) {
  const std::string point = CallPoint(kind);
  if (!point.empty()) Point(point + "-before");
  const auto result = call();
  if (!point.empty()) Point(point + "-after");
  return result;
}

bool IsTpm(int fd) {
  struct stat info {};
  static const dev_t tpm = [] {
    struct stat device {};
    return stat("/dev/tpmrm0", &device) == 0 ? device.st_rdev : 0;
  }();
  return tpm != 0 && fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == tpm;
}

// The programs that this one starts are not to be ended.
__attribute__((constructor)) void KeepToThisProgram() { unsetenv("LD_PRELOAD"); }

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = Next<ssize_t(int, const void*, size_t)>("write");
  const std::string step = StepOf({static_cast<const char*>(data), size});
  if (step.empty()) {
    if (!IsTpm(fd)) return real(fd, data, size);
    return Around("tpm", [&] { return real(fd, data, size); });
  }
  Point(step + "-before");
  const ssize_t result = real(fd, data, size);
  Point(step + "-after");
  Progress& progress = TheProgress();
  const std::lock_guard lock(progress.mutex);
  progress.after = step;
  progress.calls.clear();
  return result;
}

int fsync(int fd) {
  static const auto real = Next<int(int)>("fsync");
  return Around("fsync", [&] { return real(fd); });
}

int rename(const char* from, const char* to) {
  static const auto real = Next<int(const char*, const char*)>("rename");
  return Around("rename", [&] { return real(from, to); });
}

int mount(const char* source, const char* target, const char* type, unsigned long flags,
          const void* data) {
  static const auto real =
      Next<int(const char*, const char*, const char*, unsigned long, const void*)>("mount");
  return Around("mount", [&] { return real(source, target, type, flags, data); });
}

int umount2(const char* target, int flags) {
  static const auto real = Next<int(const char*, int)>("umount2");
  return Around("umount", [&] { return real(target, flags); });
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  static const auto real = Next<int(int, const sockaddr*, socklen_t)>("connect");
  return Around("connect", [&] { return real(fd, address, size); });
}

int ioctl(int fd, unsigned long request, ...) {
  static const auto real = Next<int(int, unsigned long, ...)>("ioctl");
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (_IOC_TYPE(request) != DM_IOCTL) return real(fd, request, argument);
  return Around("dm", [&] { return real(fd, request, argument); });
}

}  // extern "C"
