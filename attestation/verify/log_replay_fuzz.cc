#include "attestation/verify/log_replay.h"

#include "attestation/verify/event_log.h"

// Everything that a verifier does with a firmware log that parses.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto log = kedge::ParseFirmwareLog({data, size});
  if (!log.ok()) return 0;
  kedge::PcrValues pcrs;
  for (kedge::PcrIndex pcr = 0; pcr < 16; ++pcr) pcrs[pcr] = kedge::Bytes(32, 0);
  kedge::CheckFirmwareLog(*log, kedge::PcrBank::kSha256, pcrs).IgnoreError();
  kedge::CheckList checks;
  kedge::CheckEventLog(*log, {{kedge::PcrBank::kSha256, pcrs}}, checks);
  return 0;
}
