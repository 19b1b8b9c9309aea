#include "attestation/parse/firmware_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParseFirmwareLog({data, size}).status().IgnoreError();
  return 0;
}
