#include "attestation/issue/qgs_message.h"
#include "attestation/issue/sev_guest_reports.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kedge::ParseQgsQuoteResponse({data, size}).IgnoreError();
  kedge::ParseSnpReportResponse({data, size}).IgnoreError();
  return 0;
}
