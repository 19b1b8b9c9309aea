#include "proto/wire/attestation_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::wire::ParseAttestationPolicy({data, size}).status().IgnoreError();
  return 0;
}
