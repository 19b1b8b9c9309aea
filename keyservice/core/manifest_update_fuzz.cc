#include "keyservice/core/manifest_update.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto approvals = kedge::ParseApprovals({data, size});
  // One spelling for one meaning.
  if (approvals.ok() && !kedge::Equal(kedge::PrintApprovals(*approvals), {data, size})) {
    std::abort();
  }
  return 0;
}
