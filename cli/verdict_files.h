// The files that `kedge verify` writes beside its answer: a page for people, and a signed verdict.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"

namespace CLI {
class App;
}

namespace kedge::cli {

struct VerdictFileOptions {
  std::string html;
  std::string signed_verdict;
};
void AddVerdictFileOptions(CLI::App& verify, VerdictFileOptions& options);

// Does nothing where no option is set. `arguments`: the command's, whose files are named in the
// signed verdict with their digests. Signs with the owner's key of the workspace.
Status WriteVerdictFiles(const VerdictFileOptions& options, const Environment& env,
                         const Common& common, const std::vector<std::string>& arguments,
                         const Answer& answer);

}  // namespace kedge::cli
