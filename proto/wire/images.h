// Reference values and TPM roots between their messages and their C++ types. For this room only.
#pragma once

#include "attestation/verify/verify.h"
#include "base/status.h"
#include "proto/kedge.pb.h"

namespace kedge::wire {

StatusOr<ReferenceValues> FromWire(const v1::Image& image);
void ToWire(const ReferenceValues& image, v1::Image* out);
TpmRoot FromWire(const v1::TpmRootCertificate& root);
void ToWire(const TpmRoot& root, v1::TpmRootCertificate* out);

// Lower-case hex of exactly 32 bytes. MALFORMED with `what` in the message.
StatusOr<Bytes> PcrValueFromHex(const std::string& hex, std::string_view what);
// "0" to "23" without leading zeros.
StatusOr<PcrIndex> PcrIndexFromText(const std::string& text);

}  // namespace kedge::wire
