// How `kedge` ends (docs: operator guide). Scripts rely on these: never renumber.
#pragma once

#include "base/status.h"

namespace kedge::cli {

enum class ExitCode : int {
  kGood = 0,
  kRefused = 1,      // not trusted, or refused by the service
  kMalformed = 2,    // bad usage, or a file that is missing or not valid
  kUnreachable = 3,  // nobody answers, or not now: try again
  kWaiting = 4,      // the service waits for an owner (init or recover)
  kInternal = 5,
};

ExitCode ExitCodeOf(const Status& status);

}  // namespace kedge::cli
