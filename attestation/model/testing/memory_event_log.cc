#include "attestation/model/testing/memory_event_log.h"

namespace kedge::testing {

Status MemoryEventLog::Spend() {
  if (!calls_left_) return absl::OkStatus();
  if (*calls_left_ == 0)
    return MakeError(StatusCode::kUnavailable, "the test log was told to fail");
  --*calls_left_;
  return absl::OkStatus();
}

StatusOr<std::vector<MeasuredEvent>> MemoryEventLog::Read() {
  RETURN_IF_ERROR(Spend());
  return events_;
}

Status MemoryEventLog::Append(const MeasuredEvent& event, const std::vector<PcrBank>&) {
  RETURN_IF_ERROR(Spend());
  events_.push_back(event);
  return absl::OkStatus();
}

}  // namespace kedge::testing
