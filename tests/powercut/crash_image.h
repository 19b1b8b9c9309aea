// What a power cut can leave of a write log. Pure.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tests/powercut/write_log.h"

namespace kedge::powercut {

// What becomes of the writes that were complete or under way, and in no cache that was flushed.
// Writes to one place keep their order, as in every cache; beyond that each may be lost alone,
// which is what reordering comes to.
enum class Loss {
  kNothing,  // the disk had no cache
  kAll,
  kSomeWrites,   // each whole or not at all
  kSomeSectors,  // torn: of each stretch of 512 bytes the new or the old content
};

// The power is cut when `log[cut]` and what follows has not been logged. Everything before the
// returned index is durable, whatever the loss.
size_t DurableBefore(const WriteLog& log, size_t cut);

// A part of one write that reached the disk.
struct Piece {
  size_t write = 0;  // index in the log
  uint64_t begin = 0;
  uint64_t bytes = 0;
};

// What of [DurableBefore(log, cut), cut) is on the disk, in the order in which it is to be put
// there. A write past the cache is there, unless it is the last one, which was still under way.
std::vector<Piece> Survivors(const WriteLog& log, size_t cut, Loss loss, std::mt19937_64& random);

}  // namespace kedge::powercut
