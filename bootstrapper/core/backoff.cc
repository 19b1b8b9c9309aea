#include "bootstrapper/core/backoff.h"

#include <algorithm>
#include <limits>

namespace kedge {

StatusOr<absl::Duration> WaitAfter(int tries, absl::Duration longest, Random& random) {
  absl::Duration wait = kFirstWait;
  for (int i = 1; i < tries && wait < longest; ++i) wait *= 2;
  wait = std::min(wait, longest);
  ByteArray<4> bytes{};
  RETURN_IF_ERROR(random.Fill(bytes));
  const uint32_t drawn = uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 |
                         uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]};
  const double share = static_cast<double>(drawn) / std::numeric_limits<uint32_t>::max();
  return wait / 2 + share * (wait / 2);
}

}  // namespace kedge
