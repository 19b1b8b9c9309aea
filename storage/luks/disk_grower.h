// Makes the rest of an open state disk usable while it is used (docs/STORAGE.md, "Growth").
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// Bytes of the opened device.
struct GrowthProgress {
  uint64_t prepared = 0;
  uint64_t total = 0;

  bool Done() const { return prepared == total; }
};

// How far the disk that is open as `mapping` has grown, by what device-mapper shows of it.
// NOT_FOUND where it is not open, or was made in a format that does not grow.
StatusOr<GrowthProgress> ReadGrowth(const std::string& mapping);

// Where a growth is between two writes; for tests that cut it off there.
enum class GrowthPoint { kWiped, kFlushed, kRecorded, kMapped, kGrown };

struct GrowthHooks {
  // After each piece of at most 1 MiB that took `worked`; waits as long as it likes. false: stop.
  std::function<bool(absl::Duration worked, bool short_of_space)> pace;
  // At the beginning and after each step.
  std::function<void(const GrowthProgress&)> progress;
  std::function<void(GrowthPoint)> at = [](GrowthPoint) {};
};

// Grows the disk that LuksStateDisk opened as `mapping` and mounted at `mount_point`, step by step,
// to the end or until `pace` says stop; returns how far it is. A step writes the next piece of the
// device, flushes it, names it in the extent record, shows it to the file system, and grows that.
// Cut off at any point it loses nothing, and the next call goes on behind the last record. Blocks;
// one process at a time (DISK_BUSY). Faults: EXTENT_DAMAGED, EXTENT_STALE, DISK_IO.
StatusOr<GrowthProgress> GrowStateDisk(const std::string& mapping, const std::string& mount_point,
                                       const SecretBytes& extent_key, const GrowthHooks& hooks);

}  // namespace kedge
