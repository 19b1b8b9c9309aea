#include "attestation/collateral/document.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::collateral::DecodeDocument({data, size}).status().IgnoreError();
  kedge::collateral::DecodeWatermark({data, size}).status().IgnoreError();
  return 0;
}
