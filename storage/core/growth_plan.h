// What the growth of a state disk does next (docs/STORAGE.md, "Growth"). Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <cstdint>

namespace kedge {

// On the opened device; bytes, whole sectors of 4,096.
struct GrowthState {
  uint64_t prepared = 0;         // of the extent record
  uint64_t file_system_end = 0;  // of the file system, from the device's beginning
  uint64_t total = 0;            // size of the device
};

// Never below what is prepared, nor below the end of the file system: nothing that could ever have
// held data is wiped.
uint64_t WipeStart(const GrowthState& state);

// Where the next piece ends: an eighth of what there is, 64 MiB to 1 GiB, so that a small file
// system soon is no longer small and a large disk needs few steps. Equal to WipeStart where nothing
// is left.
uint64_t WipeEnd(const GrowthState& state);

// How much of the time the growth may work while others use the disk, 1 to 100 percent.
inline constexpr int kDefaultGrowthShare = 50;

// The pause after `worked`, so that work is `share` percent of both. None where the file system is
// `short_of_space`: then whoever writes would wait for room, and not for a slow disk.
absl::Duration PauseAfter(absl::Duration worked, int share, bool short_of_space);

// Less than a quarter of the file system is free. Bytes.
bool IsShortOfSpace(uint64_t free, uint64_t size);

}  // namespace kedge
