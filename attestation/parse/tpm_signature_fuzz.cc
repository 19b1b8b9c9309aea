#include "attestation/parse/tpm_structs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParseTpmSignature({data, size}).status().IgnoreError();
  return 0;
}
