// Time as an argument: core rooms never read a clock.
#pragma once

#include <absl/time/clock.h>
#include <absl/time/time.h>

#include <algorithm>

namespace kedge {

// The time to judge dates by and to put into certificates: the latest of the machine's clock, the
// build time of the measured image, and the issue time that the owner signed into the invitation.
// The host sets the machine's clock; it can make it late, but not later than what was measured or
// signed (design: Node life, "Clock"). Made fast, a clock only ends the validity of certificates.
inline absl::Time EffectiveNow(absl::Time rtc, absl::Time build_time, absl::Time issue_time) {
  return std::max({rtc, build_time, issue_time});
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

}  // namespace kedge
