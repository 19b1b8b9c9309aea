// The log of Kedge's own extends as a file (docs/MEASUREMENTS.md), /run/kedge/measurements.json on
// a node: gone with the PCRs at every reboot.
#pragma once

#include <string>

#include "attestation/model/event_log.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr char kMeasurementLogPath[] = "/run/kedge/measurements.json";

// One instance writes at a time; any process may read. Each Append replaces the file atomically by
// itself and one record more (mode 0644), so that a reader never sees half a record.
class MeasurementLog final : public EventLog {
 public:
  explicit MeasurementLog(std::string path = kMeasurementLogPath) : path_(std::move(path)) {}

  // MALFORMED where the file holds anything but records of ours.
  StatusOr<std::vector<MeasuredEvent>> Read() override;
  Status Append(const MeasuredEvent& event, const std::vector<PcrBank>& banks) override;

  // The records as they travel with evidence; empty where nothing was measured yet.
  StatusOr<Bytes> ReadRaw() const;

 private:
  std::string path_;
};

}  // namespace kedge
