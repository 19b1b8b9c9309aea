#include "attestation/parse/cel_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParseCelLog({data, size}).status().IgnoreError();
  return 0;
}
