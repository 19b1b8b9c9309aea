#include "tests/powercut/crash_image.h"

namespace kedge::powercut {
namespace {

constexpr uint64_t kSectorBytes = 512;

bool Coin(std::mt19937_64& random) { return (random() >> 32 & 1) != 0; }

void AddSectors(std::vector<Piece>& pieces, size_t write, uint64_t bytes, std::mt19937_64& random) {
  for (uint64_t at = 0; at < bytes; at += kSectorBytes) {
    if (Coin(random)) pieces.push_back({.write = write, .begin = at, .bytes = kSectorBytes});
  }
}

}  // namespace

size_t DurableBefore(const WriteLog& log, size_t cut) {
  for (size_t i = cut; i-- > 0;) {
    if (log[i].flush) return i;
  }
  return 0;
}

std::vector<Piece> Survivors(const WriteLog& log, size_t cut, Loss loss, std::mt19937_64& random) {
  std::vector<Piece> pieces;
  for (size_t i = DurableBefore(log, cut); i < cut; ++i) {
    const uint64_t bytes = log[i].bytes;
    if (bytes == 0) continue;
    const bool kept = (log[i].fua && i + 1 < cut) || loss == Loss::kNothing ||
                      (loss == Loss::kSomeWrites && Coin(random));
    if (kept) {
      pieces.push_back({.write = i, .begin = 0, .bytes = bytes});
    } else if (loss == Loss::kSomeSectors) {
      AddSectors(pieces, i, bytes, random);
    }
  }
  return pieces;
}

}  // namespace kedge::powercut
