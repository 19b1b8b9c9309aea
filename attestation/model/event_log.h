// The port to the log of Kedge's own extends; it replays to PCR 14 and 15 at any time after
// MeasureOnce has returned. Implemented by attestation/issue/measurement_log.h.
#pragma once

#include <vector>

#include "attestation/model/measured_event.h"
#include "base/status.h"

namespace kedge {

// One writer at a time; a reader in another process sees whole records only.
class EventLog {
 public:
  virtual ~EventLog() = default;
  // Every event of this boot, in the order of the extends; empty where nothing was measured yet.
  virtual StatusOr<std::vector<MeasuredEvent>> Read() = 0;
  // Durable when it returns. `banks` are those that the TPM extends.
  virtual Status Append(const MeasuredEvent& event, const std::vector<PcrBank>& banks) = 0;
};

}  // namespace kedge
