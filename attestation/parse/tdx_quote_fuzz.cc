#include "attestation/parse/tdx_quote.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParseTdxQuote({data, size}).status().IgnoreError();
  return 0;
}
