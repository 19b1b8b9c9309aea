#include "attestation/parse/snp_report.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParseSnpReport({data, size}).status().IgnoreError();
  return 0;
}
