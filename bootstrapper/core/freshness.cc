#include "bootstrapper/core/freshness.h"

#include <absl/strings/str_cat.h>

namespace kedge {
namespace {

Status Stale(std::string_view what) {
  return Refused("STALE_DISK",
                 absl::StrCat(std::string(what),
                              ": an older copy of this node's disk, or of a part of it. Attach the "
                              "newest copy; if it is lost, the owner can accept this one"));
}

}  // namespace

RememberedCounters RememberedCounters::Of(const std::optional<NodeState>& state) {
  if (!state) return {};
  return {.disk_counter = state->disk_counter, .tpm_counter = state->tpm_counter};
}

Status CheckStateCounter(uint64_t header_counter, uint64_t state_counter,
                         const DiskCounters& counters) {
  // More than one behind only where the owner accepted an older disk: the step is then a wide one.
  const bool one_step = header_counter == counters.next && state_counter == counters.acknowledged;
  if (state_counter == header_counter || state_counter + 1 == header_counter || one_step) {
    return absl::OkStatus();
  }
  return Stale(absl::StrCat("the disk's header is at counter ", header_counter,
                            ", its file system at ", state_counter));
}

StatusOr<TpmCounterFinding> JudgeTpmCounter(uint64_t remembered, std::optional<uint64_t> now) {
  if (remembered == 0) return TpmCounterFinding::kUnknown;
  if (!now || *now < remembered) return TpmCounterFinding::kBehind;
  if (*now == remembered) return TpmCounterFinding::kLevel;
  if (*now - remembered == 1) return TpmCounterFinding::kCounted;
  return Stale(absl::StrCat("the TPM's counter is at ", *now, ", the disk remembers ", remembered));
}

}  // namespace kedge
