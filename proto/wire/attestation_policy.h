// The file form of what an owner accepts of hardware evidence: kedge.v1.AttestationPolicy as strict
// JSON (docs/ATTESTATION_POLICY.md).
#pragma once

#include "attestation/verify/tee_trust.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge::wire {

inline constexpr size_t kMaxAttestationPolicyFile = 256 * 1024;

using kedge::AttestationPolicy;
using kedge::TdxRules;

// MALFORMED for the form; POLICY_INCOMPLETE, naming every field, where a rule is missing.
StatusOr<AttestationPolicy> ParseAttestationPolicy(ByteView file);
// The same with its text, printed anew.
StatusOr<AttestationRules> ParseAttestationRules(ByteView file);

}  // namespace kedge::wire
