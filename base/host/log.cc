#include "base/host/log.h"

// We give our own fields; the macro form would add CODE_FILE and friends with build paths.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <absl/strings/str_cat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

namespace kedge {
namespace {

bool JournalWanted() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in our programs changes the environment.
  static const char* const invocation = getenv("INVOCATION_ID");
  static const bool wanted =
      invocation != nullptr && access("/run/systemd/journal/socket", W_OK) == 0;
  return wanted;
}

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void Log(LogLevel level, MessageId id, std::string_view message, const LogFields& fields) {
  if (!JournalWanted()) {
    std::string line = absl::StrCat(program_invocation_short_name, ": ", Absl(message));
    for (const auto& [name, value] : fields) absl::StrAppend(&line, " ", name, "=", value);
    line += '\n';
    // One write: lines of several threads do not mix. Nobody can be told where this fails.
    const ssize_t ignored = write(STDERR_FILENO, line.data(), line.size());
    static_cast<void>(ignored);
    return;
  }
  std::vector<std::string> entries;
  entries.reserve(fields.size() + 3);
  entries.push_back(absl::StrCat("MESSAGE=", Absl(message)));
  entries.push_back(absl::StrCat("PRIORITY=", static_cast<int>(level)));
  entries.push_back(absl::StrCat("MESSAGE_ID=", Absl(id.hex)));
  for (const auto& [name, value] : fields) entries.push_back(absl::StrCat(name, "=", value));
  std::vector<iovec> vectors;
  vectors.reserve(entries.size());
  for (std::string& entry : entries) vectors.push_back({entry.data(), entry.size()});
  sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size()));
}

}  // namespace kedge
