// Cuts a program off at any of its calls to the world: before the call's effect, or after it and
// before the answer arrives.
#pragma once

#include <optional>

#include "base/status.h"

namespace kedge::testing {

class KillSwitch {
 public:
  // Every call has two points: before its effect and after it. The program dies at the `point`-th
  // (from 0) from now on.
  void KillAt(int point) { left_ = point; }
  // The program is started again.
  void Revive() {
    dead_ = false;
    left_.reset();
  }
  bool dead() const { return dead_; }

  // Passes one point; false where the program is dead.
  bool Pass() {
    if (!dead_ && left_ && (*left_)-- == 0) dead_ = true;
    return !dead_;
  }

  template <typename Call>
  auto Guard(Call call) -> decltype(call()) {
    if (!Pass()) return Dead();
    auto result = call();
    if (!Pass()) return Dead();
    return result;
  }

  static Status Dead() { return MakeError(StatusCode::kCancelled, "the program was cut off"); }

 private:
  bool dead_ = false;
  std::optional<int> left_;
};

}  // namespace kedge::testing
