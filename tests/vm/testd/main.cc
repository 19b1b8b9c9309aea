// kedge-testd: runs commands for the VM tests. In the test image only; a release image has neither
// this program nor its unit.
//
// Reads requests from the virtio-serial port org.kedge.testd and answers each when its command has
// ended. The frames are described in tests/vm/kedgevm/testd.py.

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kPort[] = "/dev/virtio-ports/org.kedge.testd";
constexpr uint32_t kMaxCommand = 1u << 20;
constexpr size_t kMaxOutput = 16u << 20;
constexpr int32_t kTimedOut = -1;
constexpr milliseconds kHostPoll{100};

struct Request {
  uint32_t id = 0;
  milliseconds limit{0};
  std::string command;
};

struct Answer {
  int32_t status = 0;
  std::string out;
  std::string err;
};

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "kedge-testd: %s: %s\n", what, std::strerror(errno));
  _exit(1);
}

// Fills `buffer` from the port. A port nobody has opened on the host reads as end of file.
void ReadFully(int port, std::span<char> buffer) {
  while (!buffer.empty()) {
    const ssize_t got = read(port, buffer.data(), buffer.size());
    if (got > 0) {
      buffer = buffer.subspan(static_cast<size_t>(got));
    } else if (got == 0) {
      poll(nullptr, 0, static_cast<int>(kHostPoll.count()));
    } else if (errno != EINTR) {
      Die("read from the port");
    }
  }
}

void WriteFully(int port, std::span<const char> data) {
  while (!data.empty()) {
    const ssize_t put = write(port, data.data(), data.size());
    if (put > 0) {
      data = data.subspan(static_cast<size_t>(put));
    } else if (put < 0 && errno != EINTR) {
      Die("write to the port");
    }
  }
}

Request ReadRequest(int port) {
  std::array<uint32_t, 3> header;
  ReadFully(port, {reinterpret_cast<char*>(header.data()), sizeof(header)});
  const uint32_t length = ntohl(header[2]);
  if (length > kMaxCommand) {
    errno = EMSGSIZE;
    Die("request");
  }
  Request request{ntohl(header[0]), milliseconds{ntohl(header[1])}, std::string(length, '\0')};
  ReadFully(port, request.command);
  return request;
}

void WriteAnswer(int port, uint32_t id, const Answer& answer) {
  const std::array<uint32_t, 4> header = {htonl(id), htonl(static_cast<uint32_t>(answer.status)),
                                          htonl(static_cast<uint32_t>(answer.out.size())),
                                          htonl(static_cast<uint32_t>(answer.err.size()))};
  WriteFully(port, {reinterpret_cast<const char*>(header.data()), sizeof(header)});
  WriteFully(port, answer.out);
  WriteFully(port, answer.err);
}

// Starts the command in a process group of its own, its output going to the two pipes.
pid_t Start(const std::string& command, int out, int err) {
  const pid_t child = fork();
  if (child < 0) Die("fork");
  if (child > 0) return child;
  setpgid(0, 0);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
      dup2(err, STDERR_FILENO) < 0) {
    _exit(126);
  }
  const char* shell = std::getenv("KEDGE_TESTD_SHELL");  // the initrd's is under /sysroot
  execl(shell != nullptr ? shell : "/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

// Appends what a pipe has to `text`, up to the bound. False at its end.
bool Drain(int pipe, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t got = read(pipe, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR;
  text.append(buffer.data(), std::min(static_cast<size_t>(got), kMaxOutput - text.size()));
  return got > 0;
}

// Collects output until both pipes have ended. False when the limit passed first.
bool Collect(std::array<pollfd, 2> pipes, milliseconds limit, Answer& answer) {
  const auto deadline = steady_clock::now() + limit;
  while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    if (poll(pipes.data(), pipes.size(), static_cast<int>(left)) < 0 && errno != EINTR) Die("poll");
    if (pipes[0].revents != 0 && !Drain(pipes[0].fd, answer.out)) pipes[0].fd = -1;
    if (pipes[1].revents != 0 && !Drain(pipes[1].fd, answer.err)) pipes[1].fd = -1;
  }
  return true;
}

Answer Run(const Request& request) {
  std::array<int, 2> out;
  std::array<int, 2> err;
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) Die("pipe2");
  const pid_t child = Start(request.command, out[1], err[1]);
  close(out[1]);
  close(err[1]);
  Answer answer;
  const bool ended =
      Collect({pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}}, request.limit, answer);
  if (!ended) kill(-child, SIGKILL);
  close(out[0]);
  close(err[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) Die("waitpid");
  }
  if (!ended) {
    answer.status = kTimedOut;
  } else {
    answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return answer;
}

}  // namespace

int main() {
  const int port = open(kPort, O_RDWR | O_CLOEXEC);
  if (port < 0) Die(kPort);
  while (true) {
    const Request request = ReadRequest(port);
    WriteAnswer(port, request.id, Run(request));
  }
}
