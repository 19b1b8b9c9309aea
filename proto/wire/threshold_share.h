// An owner's threshold share as a file: kedge.v1.ThresholdSeedShare in strict JSON
// (docs/FORMATS.md).
#pragma once

#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/status.h"
#include "keyservice/core/seed_share.h"
#include "keyservice/core/threshold_share.h"
#include "proto/seed_share.pb.h"

namespace kedge::wire {

inline constexpr size_t kMaxThresholdShareFile = 32 * 1024;

// Form, sizes and names are checked (CheckShareSet), the signature is not (VerifyShareSet).
// MALFORMED.
StatusOr<ThresholdShare> FromWire(const v1::ThresholdSeedShare& message);
v1::ThresholdSeedShare ToWire(const ThresholdShare& share);

StatusOr<ThresholdShare> ParseThresholdShare(ByteView file);
StatusOr<std::string> PrintThresholdShare(const ThresholdShare& share);

// Either kind of share: the one that names its format is a threshold share.
using AnySeedShare = std::variant<SeedShare, ThresholdShare>;
StatusOr<AnySeedShare> ParseAnySeedShare(ByteView file);

}  // namespace kedge::wire
