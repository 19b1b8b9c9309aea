#include "attestation/verify/explain.h"
#include "cli/claims_diff.h"
#include "cli/html_report.h"
#include "cli/policy_change.h"
#include "cli/verdict_document.h"

// What reads a verdict, and everything that is then made from it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto document = kedge::cli::ParseVerdictDocument({data, size});
  if (!document.ok()) return 0;
  for (const kedge::Check& check : document->checks) kedge::Explain(check);
  kedge::cli::HtmlReport(*document, "2026-11-24T00:00:00Z");
  kedge::cli::ChangeToAccept(document->checks, document->claims);
  kedge::cli::CompareClaims(nlohmann::ordered_json::object(), document->claims);
  kedge::cli::CompareClaims(document->claims, document->claims);
  return 0;
}
