#include "cli/evidence_commands.h"

namespace kedge::cli {

void AddVerifyEvidence(CLI::App& verify, const Common& common, Call& call) {
  AddVerifyBatch(verify, common, call);
}

}  // namespace kedge::cli
