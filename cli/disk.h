// Commands on a state disk's header, without any key and without a cluster.
#pragma once

#include "cli/evidence_commands.h"

namespace kedge::cli {

// Adds `kedge disk …`; the chosen command sets `call`, which outlives it.
void AddDisk(CLI::App& app, Call& call);

}  // namespace kedge::cli
