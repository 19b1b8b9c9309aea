// The machine's clock behind the Clock port. Set by the host: never trusted alone (EffectiveNow).
// What the image's own files say about its build time is here too.
#pragma once

#include "base/clock.h"

namespace kedge {

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

// When the image that this program comes from was made: its files carry that time, and the verity
// root that they come from is measured. The Unix epoch where that cannot be read.
absl::Time ImageBuildTime();

}  // namespace kedge
