// What the owner keeps of a cluster, as messages and as files: receipt.json and seedshare.json are
// kedge.v1.Receipt and kedge.v1.SeedShare in strict JSON (docs/FORMATS.md).
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "keyservice/core/receipt.h"
#include "keyservice/core/seed_share.h"
#include "proto/kedge.pb.h"

namespace kedge::wire {

inline constexpr size_t kMaxReceiptFile = 16 * 1024;
inline constexpr size_t kMaxSeedShareFile = 16 * 1024;

// Lengths are checked; signatures are not (VerifyReceipt, VerifyTransition). MALFORMED.
StatusOr<Receipt> FromWire(const v1::Receipt& message);
v1::Receipt ToWire(const Receipt& receipt);
StatusOr<Transition> FromWire(const v1::Transition& message);
v1::Transition ToWire(const Transition& transition);
StatusOr<SeedShare> FromWire(const v1::SeedShare& message);
v1::SeedShare ToWire(const SeedShare& share);

StatusOr<Receipt> ParseReceipt(ByteView file);
StatusOr<std::string> PrintReceipt(const Receipt& receipt);
StatusOr<SeedShare> ParseSeedShare(ByteView file);
StatusOr<std::string> PrintSeedShare(const SeedShare& share);

}  // namespace kedge::wire
