#include "cli/evidence_commands.h"

namespace kedge::cli {

void AddVerifyEvidence(CLI::App& verify, const Common& common, Call& call) {
  AddVerifySnp(verify, common, call);
  AddVerifyBatch(verify, common, call);
  AddVerifyTdx(verify, common, call);
}

void AddParseEvidence(CLI::App& parse, Call& call) {
  AddParseSnp(parse, call);
  AddParseTdx(parse, call);
}

}  // namespace kedge::cli
