#include "bootstrapper/host/boot_reporter.h"

#include <absl/strings/str_cat.h>

#include "base/host/log.h"

namespace kedge {
namespace {

struct Entry {
  MessageId id;
  LogLevel level;
};

Entry EntryFor(BootEventKind kind) {
  switch (kind) {
    case BootEventKind::kStageStarted:
      return {{"2460813d8bad4ef39379e723e58d7ce0"}, LogLevel::kInfo};
    case BootEventKind::kStepDone:
      return {{"46ce619fa55640fd8778028be4265559"}, LogLevel::kInfo};
    case BootEventKind::kStepHeld:
      return {{"165107ac451e473395ae7e3c74631c4a"}, LogLevel::kInfo};
    case BootEventKind::kStepWaiting:
      return {{"286b9a173047484094a848672ef2f804"}, LogLevel::kNotice};
    case BootEventKind::kStepRefused:
      return {{"e654474eb3854c678db0a750b9d0cc9d"}, LogLevel::kError};
    case BootEventKind::kProgress:
      return {{"34e779005efd47acada95d921876c5f9"}, LogLevel::kInfo};
    case BootEventKind::kStageDone:
      return {{"bb1d8f0e564d45b4a838055de29b4cf2"}, LogLevel::kNotice};
  }
  return {{"34e779005efd47acada95d921876c5f9"}, LogLevel::kInfo};
}

}  // namespace

void BootReporter::Emit(const BootEvent& event) {
  on_beat_();
  const std::string line = ConsoleLine(event);
  if (!line.empty()) console_.Line(line);
  const std::string status = StatusLine(event);
  if (!status.empty()) notifier_.SetStatus(status);

  LogFields fields = {{"KEDGE_STAGE", std::string(ToString(event.stage))}};
  const auto add = [&fields](const char* name, std::string value) {
    if (!value.empty()) fields.emplace_back(name, std::move(value));
  };
  add("KEDGE_STEP", event.step);
  add("KEDGE_CODE", event.code);
  add("KEDGE_NODE_STATE", event.state);
  add("KEDGE_CORRELATION_ID", event.correlation_id);
  add("KEDGE_TOOK_MS", absl::StrCat(absl::ToInt64Milliseconds(event.took)));
  add("KEDGE_WAITED_MS", absl::StrCat(absl::ToInt64Milliseconds(event.waited)));
  std::string message = line.empty() ? status : line;
  // The reason is for the owner, who reads the journal; the console did not show it.
  if (!event.code.empty()) absl::StrAppend(&message, " (", event.detail, ")");
  const Entry entry = EntryFor(event.kind);
  Log(entry.level, entry.id, message, fields);
}

}  // namespace kedge
