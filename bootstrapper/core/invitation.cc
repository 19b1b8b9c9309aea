#include "bootstrapper/core/invitation.h"

#include <algorithm>

namespace kedge {

absl::Time EffectiveNow(absl::Time rtc, absl::Time build_time, absl::Time issue_time) {
  return std::max({rtc, build_time, issue_time});
}

}  // namespace kedge
