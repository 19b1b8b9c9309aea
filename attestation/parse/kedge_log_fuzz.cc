#include <cstdlib>

#include "attestation/parse/kedge_log.h"

// There is one form of each log: what parses is what is encoded.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto records = kedge::ParseKedgeLog({data, size});
  if (!records.ok()) return 0;
  kedge::Bytes again;
  for (const auto& record : *records) {
    const kedge::Bytes encoded = kedge::EncodeKedgeLogRecord(record);
    again.insert(again.end(), encoded.begin(), encoded.end());
  }
  if (!kedge::Equal(again, {data, size})) std::abort();
  return 0;
}
