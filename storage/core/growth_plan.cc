#include "storage/core/growth_plan.h"

#include <algorithm>

namespace kedge {
namespace {

constexpr uint64_t kLeastPiece = uint64_t{64} << 20;
constexpr uint64_t kMostPiece = uint64_t{1} << 30;

}  // namespace

uint64_t WipeStart(const GrowthState& state) {
  return std::min(std::max(state.prepared, state.file_system_end), state.total);
}

uint64_t WipeEnd(const GrowthState& state) {
  const uint64_t start = WipeStart(state);
  constexpr uint64_t kMebibyte = uint64_t{1} << 20;
  const uint64_t piece = std::clamp(start / 8 / kMebibyte * kMebibyte, kLeastPiece, kMostPiece);
  return start + std::min(piece, state.total - start);
}

absl::Duration PauseAfter(absl::Duration worked, int share, bool short_of_space) {
  if (short_of_space) return absl::ZeroDuration();
  const int percent = std::clamp(share, 1, 100);
  return worked * (100 - percent) / percent;
}

bool IsShortOfSpace(uint64_t free, uint64_t size) { return free < size / 4; }

}  // namespace kedge
