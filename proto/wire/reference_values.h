// Reference values as image/predict writes them (reference-values.json).
#pragma once

#include <string>
#include <vector>

#include "attestation/verify/verify.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge::wire {

inline constexpr size_t kMaxReferenceValuesFile = 64 * 1024;

// {"image":{"name","version","variant"},"pcrs":{"4","9","12","13"},"pcr11":{PHASE: VALUE, …},
// "build_time"}, values in lower-case hex of the SHA-256 bank. The name becomes "NAME-VARIANT".
// Unknown names are refused. The roles are the caller's decision.
StatusOr<ReferenceValues> ParseReferenceValues(ByteView file, std::vector<std::string> roles);

}  // namespace kedge::wire
