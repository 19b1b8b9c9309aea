#include "proto/wire/tpm_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::wire::ParseTpmPolicy({data, size}).status().IgnoreError();
  return 0;
}
