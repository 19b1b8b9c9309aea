// Time as an argument: core rooms never read a clock.
#pragma once

#include <absl/time/clock.h>
#include <absl/time/time.h>

namespace kedge {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

}  // namespace kedge
