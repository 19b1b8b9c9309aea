#include "keyservice/server/testing/service_process.h"
#include "house/folders.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace kedge::testing {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(60);

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

int NotifySocket(const std::string& path) {
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return -1;
  return fd;
}

[[noreturn]] void Run(const std::vector<std::string>& arguments, const std::string& notify,
                      const std::string& output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  setenv("NOTIFY_SOCKET", notify.c_str(), 1);
  const int log = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execv(words[0], words.data());
  _exit(127);
}

pid_t Spawn(std::vector<std::string> arguments, const std::string& notify,
            const std::string& output) {
  arguments.insert(arguments.begin(),
                   std::string(KEDGE_BINARY_DIR) + "/keyservice/server/kedge-keyservice");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) Run(arguments, notify, output, parent);
  return child;
}

}  // namespace

StatusOr<std::unique_ptr<ServiceProcess>> ServiceProcess::Start(std::vector<std::string> arguments,
                                                                const std::string& folder) {
  const int port = FreePort();
  const std::string notify = folder + "/notify";
  const int socket = NotifySocket(notify);
  if (socket < 0) return Internal("no notification socket at " + notify);
  arguments.push_back(absl::StrCat("--listen=127.0.0.1:", port));
  const pid_t child = Spawn(std::move(arguments), notify, folder + "/output");
  std::unique_ptr<ServiceProcess> process(new ServiceProcess(child, socket, port));
  RETURN_IF_ERROR(process->WaitForMessage("READY=1"));
  return process;
}

StatusOr<int> ServiceProcess::RunToEnd(std::vector<std::string> arguments,
                                       const std::string& folder) {
  const pid_t child = Spawn(std::move(arguments), folder + "/notify", folder + "/output");
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return Internal("the program was killed");
  return WEXITSTATUS(status);
}

ServiceProcess::~ServiceProcess() {
  Kill();
  close(notify_);
}

Status ServiceProcess::WaitForStatus(const std::string& text) {
  return WaitForMessage("STATUS=" + text);
}

Status ServiceProcess::WaitForMessage(const std::string& text) {
  const absl::Time end = absl::Now() + kLimit;
  while (absl::Now() < end) {
    int status = 0;
    if (waitpid(child_, &status, WNOHANG) == child_) {
      child_ = -1;
      return MakeError(StatusCode::kAborted,
                       absl::StrCat("the service ended with ", WEXITSTATUS(status)));
    }
    pollfd fd{.fd = notify_, .events = POLLIN, .revents = 0};
    if (poll(&fd, 1, 200) <= 0) continue;
    char buffer[4096];
    const ssize_t size = recv(notify_, buffer, sizeof(buffer), 0);
    if (size > 0 && std::string(buffer, static_cast<size_t>(size)).find(text) == 0) {
      return absl::OkStatus();
    }
  }
  return MakeError(StatusCode::kDeadlineExceeded, "no message '" + text + "' from the service");
}

StatusOr<int> ServiceProcess::Stop() {
  kill(child_, SIGTERM);
  RETURN_IF_ERROR(WaitForMessage("STOPPING=1"));
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = -1;
  if (!WIFEXITED(status)) return Internal("the service was killed");
  return WEXITSTATUS(status);
}

void ServiceProcess::Kill() {
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  child_ = -1;
}

}  // namespace kedge::testing
