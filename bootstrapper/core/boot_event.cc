#include "bootstrapper/core/boot_event.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

namespace kedge {
namespace {

constexpr size_t kCorrelationIdDigits = 16;

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

std::string Milliseconds(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration), " ms");
}

std::string WithWait(const BootEvent& event) {
  std::string text = Milliseconds(event.took);
  if (event.waited > absl::ZeroDuration()) {
    absl::StrAppend(&text, ", waited ", Milliseconds(event.waited));
  }
  return text;
}

std::string NextTry(const BootEvent& event) {
  return absl::StrFormat("next try in %.3g s", absl::ToDoubleSeconds(event.next_try));
}

std::string Waiting(const BootEvent& event) {
  return event.state.empty() ? event.code : absl::StrCat(event.state, " (", event.code, ")");
}

std::string Refusal(const BootEvent& event) {
  return absl::StrCat(event.code, ", correlation id ", event.correlation_id);
}

}  // namespace

std::string_view ToString(Stage stage) {
  switch (stage) {
    case Stage::kMeasure:
      return "measure";
    case Stage::kInitrd:
      return "initrd";
    case Stage::kJoin:
      return "join";
  }
  return "unknown";
}

std::string ConsoleLine(const BootEvent& event) {
  const std::string step = absl::StrCat("kedge: step ", event.step);
  const std::string stage = absl::StrCat("kedge: stage ", Absl(ToString(event.stage)));
  switch (event.kind) {
    case BootEventKind::kStageStarted:
      return absl::StrFormat("%s begins at %.3f s", stage, absl::ToDoubleSeconds(event.uptime));
    case BootEventKind::kStepDone:
      return absl::StrCat(step, " done in ", WithWait(event));
    case BootEventKind::kStepHeld:
      return absl::StrCat(step, " already done, ", Milliseconds(event.took));
    case BootEventKind::kStepWaiting:
      if (event.repeated) return "";
      return absl::StrCat(step, " waiting: ", Waiting(event), ", ", NextTry(event));
    case BootEventKind::kStepRefused:
      if (event.repeated) return "";
      return absl::StrCat(step, " refused: ", Refusal(event), ", ", NextTry(event));
    case BootEventKind::kProgress:
      return absl::StrCat("kedge: ", event.detail);
    case BootEventKind::kStageDone:
      return absl::StrCat(stage, " done in ", WithWait(event));
  }
  return "";
}

std::string StatusLine(const BootEvent& event) {
  switch (event.kind) {
    case BootEventKind::kStageStarted:
    case BootEventKind::kStepHeld:
      return "";
    case BootEventKind::kStepDone:
      return absl::StrCat("done: ", event.step);
    case BootEventKind::kStepWaiting:
      return absl::StrCat("waiting in ", event.step, ": ", Waiting(event), " (try ", event.tries,
                          ", ", NextTry(event), ")");
    case BootEventKind::kStepRefused:
      return absl::StrCat("refused in ", event.step, ": ", Refusal(event), " (try ", event.tries,
                          ", ", NextTry(event), ")");
    case BootEventKind::kProgress:
      return event.detail;
    case BootEventKind::kStageDone:
      return absl::StrCat("stage ", Absl(ToString(event.stage)), " done");
  }
  return "";
}

std::string CorrelationIdIn(std::string_view message) {
  size_t run = 0;
  for (size_t i = 0; i <= message.size(); ++i) {
    const bool digit =
        i < message.size() && absl::ascii_isxdigit(static_cast<unsigned char>(message[i]));
    if (digit) {
      ++run;
      continue;
    }
    if (run == kCorrelationIdDigits) return std::string(message.substr(i - run, run));
    run = 0;
  }
  return "";
}

}  // namespace kedge
