// Parses the wire form of Evidence (attestation/model/evidence.h). Pure, bounded; MALFORMED.
#pragma once

#include "attestation/model/evidence.h"
#include "base/status.h"

namespace kedge {

StatusOr<Evidence> ParseEvidence(ByteView bytes);

}  // namespace kedge
