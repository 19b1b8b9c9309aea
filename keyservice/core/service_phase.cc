#include "keyservice/core/service_phase.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <string>

namespace kedge {
namespace {

struct Row {
  RequestKind kind;
  // Per phase in the order of ServicePhase; "" = answered.
  std::array<std::string_view, 3> refusal;
};

// clang-format off
constexpr std::array<Row, 9> kAnswers = {{
    //                       AWAITING_INIT         AWAITING_SEED          SERVING
    {RequestKind::kRelease, {"AWAITING_INIT",      "AWAITING_SEED",       ""}},
    {RequestKind::kReport,  {"AWAITING_INIT",      "AWAITING_SEED",       ""}},
    {RequestKind::kInit,    {"",                   "ALREADY_INITIALISED", "ALREADY_INITIALISED"}},
    {RequestKind::kRecover, {"NOTHING_TO_RECOVER", "",                    "NOTHING_TO_RECOVER"}},
    {RequestKind::kStatus,  {"",                   "",                    ""}},
    {RequestKind::kVerify,  {"",                   "",                    ""}},
    {RequestKind::kNodeCommand,
                            {"AWAITING_INIT",      "AWAITING_SEED",       ""}},
    {RequestKind::kSetManifest,
                            {"AWAITING_INIT",      "AWAITING_SEED",       ""}},
    {RequestKind::kCancelUpdate,
                            {"AWAITING_INIT",      "AWAITING_SEED",       ""}},
}};
// clang-format on

bool IsWaiting(std::string_view code) { return code.starts_with("AWAITING_"); }

}  // namespace

std::string_view ToString(ServicePhase phase) {
  switch (phase) {
    case ServicePhase::kAwaitingInit:
      return "AWAITING_INIT";
    case ServicePhase::kAwaitingSeed:
      return "AWAITING_SEED";
    case ServicePhase::kServing:
      return "SERVING";
  }
  return "SERVING";
}

std::string_view ToString(RequestKind kind) {
  switch (kind) {
    case RequestKind::kRelease:
      return "release";
    case RequestKind::kReport:
      return "report";
    case RequestKind::kInit:
      return "init";
    case RequestKind::kRecover:
      return "recover";
    case RequestKind::kStatus:
      return "status";
    case RequestKind::kVerify:
      return "verify";
    case RequestKind::kNodeCommand:
      return "node command";
    case RequestKind::kSetManifest:
      return "manifest update";
    case RequestKind::kCancelUpdate:
      return "cancelled update";
  }
  return "verify";
}

Status CheckAnswered(ServicePhase phase, RequestKind kind) {
  for (const Row& row : kAnswers) {
    if (row.kind != kind) continue;
    const std::string_view code = row.refusal[static_cast<size_t>(phase)];
    if (code.empty()) return absl::OkStatus();
    const std::string message =
        absl::StrCat("a ", std::string(ToString(kind)), " is not answered while the service is ",
                     std::string(ToString(phase)));
    if (IsWaiting(code)) return MakeFault(StatusCode::kUnavailable, code, Advice::kRetry, message);
    return MakeFault(StatusCode::kFailedPrecondition, code, Advice::kAskOperator, message);
  }
  return Internal("a kind of request without a row in the table");
}

std::optional<StateDiskContent> ParseStateDiskContent(std::string_view text) {
  if (text == "blank") return StateDiskContent::kBlank;
  if (text == "luks2") return StateDiskContent::kLuks2;
  if (text == "foreign") return StateDiskContent::kForeign;
  return std::nullopt;
}

StatusOr<ServicePhase> PhaseAtStart(const StartFacts& facts) {
  if (facts.seed_in_keyring) {
    if (facts.records_in_store) return ServicePhase::kServing;
    return MakeFault(StatusCode::kFailedPrecondition, "SEED_WITHOUT_RECORDS", Advice::kReboot,
                     "the seed is in the kernel keyring but the cluster's records are gone; reboot "
                     "this node and run 'kedge recover'");
  }
  switch (facts.disk) {
    case StateDiskContent::kBlank:
      return ServicePhase::kAwaitingInit;
    case StateDiskContent::kLuks2:
      return ServicePhase::kAwaitingSeed;
    case StateDiskContent::kForeign:
      break;
  }
  return MakeFault(StatusCode::kFailedPrecondition, "DISK_FOREIGN", Advice::kAskOperator,
                   "the state disk is neither blank nor a LUKS2 disk that Kedge accepts; nothing "
                   "was changed on it. Give this node its own disk, or an empty one");
}

}  // namespace kedge
