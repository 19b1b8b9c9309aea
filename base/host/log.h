// Structured logging for programs (edges return errors; only programs log, once).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kedge {

// syslog levels.
enum class LogLevel : int { kError = 3, kWarning = 4, kNotice = 5, kInfo = 6, kDebug = 7 };

// One per kind of event, so that `journalctl MESSAGE_ID=…` finds every event of that kind:
// 128 bits as 32 lower-case hex digits, made once with `systemd-id128 new` and never changed.
struct MessageId {
  std::string_view hex;
};

// Journal fields: upper-case names ("KEDGE_STEP"), public values. Secrets are never given to a log.
using LogFields = std::vector<std::pair<std::string, std::string>>;

// To the journal where this process is a unit's (INVOCATION_ID) and a journal is there; otherwise
// one plain line on stderr. Never fails, thread-safe.
void Log(LogLevel level, MessageId id, std::string_view message, const LogFields& fields = {});

}  // namespace kedge
