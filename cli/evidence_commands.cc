#include "cli/evidence_commands.h"

namespace kedge::cli {

void AddVerifyEvidence(CLI::App& verify, const Common& common, Call& call) {
  AddVerifyBatch(verify, common, call);
  AddVerifyEk(verify, common, call);
  AddVerifyHcl(verify, common, call);
  AddVerifyNitro(verify, common, call);
  AddVerifySnp(verify, common, call);
  AddVerifyTdx(verify, common, call);
  AddVerifyTpm(verify, common, call);
  AddVerifyVerdict(verify, common, call);
}

void AddParseEvidence(CLI::App& parse, Call& call) {
  AddParseHcl(parse, call);
  AddParseSnp(parse, call);
  AddParseTdx(parse, call);
  AddParseTpm(parse, call);
}

}  // namespace kedge::cli
