// The event log in memory, with failures on command.
#pragma once

#include <optional>
#include <vector>

#include "attestation/model/event_log.h"

namespace kedge::testing {

class MemoryEventLog final : public EventLog {
 public:
  StatusOr<std::vector<MeasuredEvent>> Read() override;
  Status Append(const MeasuredEvent& event, const std::vector<PcrBank>& banks) override;

  // What Append was given, in order.
  const std::vector<MeasuredEvent>& events() const { return events_; }
  // As a reboot does: /run is empty again.
  void Clear() { events_.clear(); }
  // After `calls` more calls every call fails with UNAVAILABLE.
  void FailAfter(int calls) { calls_left_ = calls; }
  void Heal() { calls_left_.reset(); }

 private:
  Status Spend();

  std::vector<MeasuredEvent> events_;
  std::optional<int> calls_left_;
};

}  // namespace kedge::testing
