#include "base/status.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>

namespace kedge {
namespace {

constexpr absl::string_view kFaultUrl = "kedge.dev/fault";

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string_view ToString(Advice advice) {
  switch (advice) {
    case Advice::kNone:
      return "none";
    case Advice::kRetry:
      return "retry";
    case Advice::kReboot:
      return "reboot";
    case Advice::kAskOperator:
      return "ask-operator";
  }
  return "none";
}

Status MakeError(StatusCode code, std::string_view message) { return Status(code, Absl(message)); }

Status MakeFault(StatusCode code, std::string_view fault_code, Advice advice,
                 std::string_view message) {
  Status status(code, Absl(message));
  // Payload: one advice digit, then the code.
  status.SetPayload(kFaultUrl,
                    absl::Cord(absl::StrCat(static_cast<int>(advice), Absl(fault_code))));
  return status;
}

Status Malformed(std::string_view message) {
  return MakeFault(StatusCode::kInvalidArgument, "MALFORMED", Advice::kAskOperator, message);
}

Status Refused(std::string_view fault_code, std::string_view message) {
  return MakeFault(StatusCode::kPermissionDenied, fault_code, Advice::kAskOperator, message);
}

std::optional<Fault> GetFault(const Status& status) {
  const auto payload = status.GetPayload(kFaultUrl);
  if (!payload || payload->empty()) return std::nullopt;
  const std::string text(*payload);
  return Fault{.code = text.substr(1), .advice = static_cast<Advice>(text[0] - '0')};
}

std::string FaultCode(const Status& status) {
  if (const auto fault = GetFault(status)) return fault->code;
  return absl::StatusCodeToString(status.code());
}

bool IsRetryable(const Status& status) {
  if (const auto fault = GetFault(status)) return fault->advice == Advice::kRetry;
  return status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kDeadlineExceeded;
}

Status Annotate(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  Status out(status.code(), absl::StrCat(Absl(context), ": ", status.message()));
  status.ForEachPayload(
      [&out](absl::string_view url, const absl::Cord& payload) { out.SetPayload(url, payload); });
  return out;
}

std::string MessageOf(const Status& status) { return std::string(status.message()); }

}  // namespace kedge
