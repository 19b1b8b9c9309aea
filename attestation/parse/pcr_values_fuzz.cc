#include "attestation/parse/pcr_values.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParsePcrValues({data, size}).status().IgnoreError();
  return 0;
}
