// Whether a disk that opens is also the newest copy of itself, as far as the node can tell: its
// file system and its TPM remember what its header should show (design: Node life, "Four
// counters"). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "bootstrapper/core/node_state.h"
#include "storage/core/state_disk.h"

namespace kedge {

// What the file system remembers: nothing (counter 0) where there is no state, or none that this
// version can read.
struct RememberedCounters {
  uint64_t disk_counter = 0;
  uint64_t tpm_counter = 0;  // 0: none

  static RememberedCounters Of(const std::optional<NodeState>& state);
};

// The header is advanced first, the file system follows: OK where it is level with the header or
// one step behind. Fault STALE_DISK otherwise: one of the two was put back.
Status CheckStateCounter(uint64_t header_counter, uint64_t state_counter,
                         const DiskCounters& counters);

// What the TPM's counter says about the disk. It corroborates, and no more: a host that runs the
// TPM can put that back too.
enum class TpmCounterFinding {
  kUnknown,  // the disk remembers none: nothing to compare
  kLevel,    // to be counted up with this boot's advance
  kCounted,  // one ahead: counted up by an advance that was cut off
  kBehind,   // absent, or less than the disk remembers: another TPM, or one that was rolled back
};
// Fault STALE_DISK where the TPM is ahead of the disk by more than one.
StatusOr<TpmCounterFinding> JudgeTpmCounter(uint64_t remembered, std::optional<uint64_t> now);

}  // namespace kedge
