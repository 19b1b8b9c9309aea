#include "keyservice/core/owner_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)kedge::ParseOwnerProof(kedge::ByteView(data, size));
  return 0;
}
