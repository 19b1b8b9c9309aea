#include "bootstrapper/core/node_waits.h"

#include <absl/strings/cord.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace kedge {
namespace {

constexpr absl::string_view kNodeStateUrl = "kedge.dev/node-state";

// Codes of a key service that answers but waits itself: for its owner, or for its state disk.
constexpr std::array<std::string_view, 4> kServesNobodyYet = {"AWAITING_INIT", "AWAITING_SEED",
                                                              "NOT_SERVING", "STORE_NOT_ATTACHED"};

// A transport's own failures carry no fault.
bool IsWithoutKeyService(const Status& failure) {
  if (!IsRetryable(failure)) return false;
  const std::optional<Fault> fault = GetFault(failure);
  return !fault || std::find(kServesNobodyYet.begin(), kServesNobodyYet.end(), fault->code) !=
                       kServesNobodyYet.end();
}

}  // namespace

Status WaitingForKeyService(const Status& failure) {
  if (!IsWithoutKeyService(failure)) return failure;
  Status waiting = failure;
  waiting.SetPayload(kNodeStateUrl, absl::Cord(kWaitingForKeyService));
  return waiting;
}

std::string StateOfWait(const Status& failure) {
  const auto payload = failure.GetPayload(kNodeStateUrl);
  return payload ? std::string(*payload) : "";
}

}  // namespace kedge
