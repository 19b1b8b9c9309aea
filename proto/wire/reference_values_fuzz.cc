#include "proto/wire/reference_values.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)kedge::wire::ParseReferenceValues({data, size}, {"worker"});
  return 0;
}
