// How long to wait between tries: doubling, jittered, endless, never above a limit.
#pragma once

#include <absl/time/time.h>

#include "base/random.h"

namespace kedge {

inline constexpr absl::Duration kFirstWait = absl::Seconds(1);
inline constexpr absl::Duration kLongestWait = absl::Seconds(60);

// For the `tries`-th failure in a row (from 1): uniform in [d/2, d], d = min(1 s * 2^(tries-1),
// longest), so that many nodes that lost their key service together do not come back together.
StatusOr<absl::Duration> WaitAfter(int tries, absl::Duration longest, Random& random);

}  // namespace kedge
