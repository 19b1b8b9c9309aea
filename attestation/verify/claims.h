// Claims: what verified evidence says. Only a verifier makes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attestation/model/evidence.h"
#include "attestation/model/measured_event.h"

namespace kedge {

enum class CheckResult { kPass, kFail, kWarn, kSkipped };
std::string_view ToString(CheckResult result);

// One named row of the verdict, with expected and actual values for the owner's eyes.
struct Check {
  std::string name;  // e.g. "tpm.signature", "pcr.11", "event.init-data"
  CheckResult result = CheckResult::kFail;
  std::string expected;
  std::string actual;
};

struct Claims {
  EvidenceLevel level = EvidenceLevel::kHostVtpm;
  PcrBank bank = PcrBank::kSha256;
  PcrValues pcrs;
  Bytes ak_public;                          // TPMT_PUBLIC
  Bytes ak_name;                            // TPM name: u16 nameAlg || digest
  std::vector<MeasuredEvent> kedge_events;  // replayed against PCR 14 and 15
  uint64_t clock_ms = 0;
  bool clock_safe = false;  // the TPM's own "safe" flag
  uint32_t reset_count = 0;
  uint32_t restart_count = 0;
};

struct Verdict {
  bool trusted = false;  // true only where no check failed
  std::vector<Check> checks;
  // The first failed check, for one-line messages; empty where trusted.
  std::string FirstFailure() const;
};

}  // namespace kedge
