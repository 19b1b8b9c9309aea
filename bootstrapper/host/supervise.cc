#include "bootstrapper/host/supervise.h"

#include <absl/strings/str_cat.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/host/log.h"

namespace kedge {
namespace {

constexpr MessageId kCrashed{"0c5d4b8e3f6a4d2c9a51e7b0c3d8f612"};
constexpr int kSignalled = 128;  // as shells say it

// Blocks the signals that ask to stop, for as long as it lives.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~StopSignals() { Restore(); }
  void Restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  // The signal that came, or came meanwhile; 0 where none did.
  int Wait(absl::Duration limit) const {
    const timespec time = absl::ToTimespec(limit);
    const int signal = sigtimedwait(&set_, nullptr, &time);
    return signal > 0 ? signal : 0;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

}  // namespace

int Supervise(const std::function<int()>& work, int crash_status, absl::Duration pause) {
  const StopSignals stop;
  const pid_t parent = getpid();
  while (true) {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(crash_status);
      stop.Restore();
      _exit(work());
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const bool exited = child > 0 && WIFEXITED(status);
    if (exited && WEXITSTATUS(status) != crash_status) return WEXITSTATUS(status);
    const std::string how = child < 0 ? "cannot be started"
                            : exited  ? absl::StrCat("exited with status ", WEXITSTATUS(status))
                                      : absl::StrCat("was killed by signal ", WTERMSIG(status));
    Log(LogLevel::kWarning, kCrashed, absl::StrCat("this stage ", how, "; it begins again"));
    if (const int signal = stop.Wait(pause); signal != 0) return kSignalled + signal;
  }
}

}  // namespace kedge
