#include "attestation/parse/snp_cert_table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParseSnpCertTable({data, size}).status().IgnoreError();
  return 0;
}
