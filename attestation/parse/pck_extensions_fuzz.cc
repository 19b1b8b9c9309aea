#include "attestation/parse/pck_extensions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParsePckExtensions({data, size}).status().IgnoreError();
  return 0;
}
