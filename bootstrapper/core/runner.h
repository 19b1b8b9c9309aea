// Walks the table: each step of a stage, in order, however often it takes.
#pragma once

#include "bootstrapper/core/life.h"

namespace kedge {

// What is left to a person is tried again at this pace, without a reboot: the person's change is
// then found by itself.
inline constexpr absl::Duration kRefusedWait = absl::Seconds(60);

struct RunOptions {
  // Return the first refusal instead of trying again (host-side tools and tests).
  bool give_up_on_refusal = false;
};

// OK when every step of the stage that applies to this node is done; CANCELLED where the timer says
// that the program is to stop. No error wipes, formats or reboots anything. Steps whose evidence
// is there are skipped, so that a restarted program resumes where the earlier one was cut off.
Status RunStage(Stage stage, Node& node, const RunOptions& options);

}  // namespace kedge
