#include "base/host/console.h"

#include <fcntl.h>
#include <unistd.h>

namespace kedge {

void Console::Line(std::string_view text) const {
  // O_APPEND for tests that collect lines in a file; a terminal ignores it.
  const int fd = open(device_.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return;
  std::string line(text);
  line += '\n';
  const ssize_t ignored = write(fd, line.data(), line.size());
  static_cast<void>(ignored);
  close(fd);
}

}  // namespace kedge
