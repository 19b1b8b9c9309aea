#include "attestation/parse/intel_collateral.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParseTcbInfo({data, size}).status().IgnoreError();
  kedge::ParseQeIdentity({data, size}).status().IgnoreError();
  return 0;
}
