// The machine's clock behind the Clock port. Set by the host: never trusted alone (design: Node
// life, "Clock").
#pragma once

#include "base/clock.h"

namespace kedge {

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace kedge
