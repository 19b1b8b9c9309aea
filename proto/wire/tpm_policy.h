// The TPM part of an attestation policy, from its JSON form.
#pragma once

#include "attestation/verify/tpm_policy.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge::v1 {
class TpmPolicy;
}

namespace kedge::wire {

inline constexpr size_t kMaxTpmPolicyFile = 1024 * 1024;

// One TpmPolicy (proto/tpm_policy.proto) as strict JSON. MALFORMED for unknown names, for words
// that a field does not know, and for rules that leave out what they look at or what they accept.
StatusOr<TpmPolicy> ParseTpmPolicy(ByteView file);
// The same from a message, as part of a larger policy.
StatusOr<TpmPolicy> TpmPolicyFromProto(const v1::TpmPolicy& message);

}  // namespace kedge::wire
