// Claims: what verified evidence says. Only a verifier makes them.
#pragma once

#include <optional>
#include <vector>

#include "attestation/model/evidence.h"
#include "attestation/model/measured_event.h"
#include "attestation/verify/check_list.h"
#include "attestation/verify/tee_trust.h"

namespace kedge {

struct Claims {
  // What the hardware's report says, where one names the AK; how far that reaches decides Appraise.
  std::optional<TeeClaims> tee;
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

}  // namespace kedge
