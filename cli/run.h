// The whole command: options, the call, and how it ends.
#pragma once

#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/exit_code.h"

namespace kedge::cli {

// `arguments` without the program's name. Never throws.
ExitCode Run(std::vector<std::string> arguments, const Environment& env);

}  // namespace kedge::cli
