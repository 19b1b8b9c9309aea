#include "keyservice/core/pending_update.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto pending = kedge::ParsePendingUpdate({data, size});
  // One spelling for one meaning.
  if (pending.ok() && !kedge::Equal(kedge::PrintPendingUpdate(*pending), {data, size})) {
    std::abort();
  }
  return 0;
}
