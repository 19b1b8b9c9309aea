// What is accepted encodes to something that is accepted as the same.
#include <cstdlib>

#include "bootstrapper/core/node_state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = kedge::ParseNodeState({data, size});
  if (!parsed.ok()) return 0;
  const auto again = kedge::ParseNodeState(kedge::AsBytes(kedge::EncodeNodeState(*parsed)));
  if (!again.ok() || !(*again == *parsed)) std::abort();
  return 0;
}
