#include "attestation/parse/hcl.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto report = kedge::ParseHclReport({data, size});
  if (!report.ok()) return 0;
  kedge::ParseHclRuntimeData(report->variable_data).status().IgnoreError();
  kedge::ParseTdReport(report->hardware_report).status().IgnoreError();
  return 0;
}
