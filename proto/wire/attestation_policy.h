// The file form of what an owner accepts of hardware evidence: kedge.v1.AttestationPolicy as strict
// JSON (docs/ATTESTATION_POLICY.md).
#pragma once

#include <optional>

#include "attestation/verify/intel_chain.h"
#include "attestation/verify/snp_policy.h"
#include "attestation/verify/tdx_policy.h"
#include "attestation/verify/tpm_policy.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge::wire {

inline constexpr size_t kMaxAttestationPolicyFile = 256 * 1024;

// What is accepted of a TDX platform, and the keys of the roots that may vouch for it.
struct TdxRules {
  TdxPolicy policy;
  SpkiPins roots;
};

// A technology that the file does not speak of is not accepted at all.
struct AttestationPolicy {
  std::optional<SnpPolicy> snp;
  std::optional<TdxRules> tdx;
  std::optional<TpmPolicy> tpm;
};

// MALFORMED for the form; POLICY_INCOMPLETE, naming every field, where a rule is missing.
StatusOr<AttestationPolicy> ParseAttestationPolicy(ByteView file);

}  // namespace kedge::wire
