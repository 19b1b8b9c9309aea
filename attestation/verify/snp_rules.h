// The rows that a policy decides, for snp.cc only.
#pragma once

#include <optional>

#include "attestation/model/evidence.h"
#include "attestation/verify/snp.h"

namespace kedge {

// What is compared with floors: TCBs, firmware, mitigations, guest SVN.
void CheckSnpFloors(const SnpClaims& claims, const SnpPolicy& policy, CheckList& rows);
// Bits of guest policy and platform, VMPL, keys.
void CheckSnpBits(const SnpReport& report, const SnpPolicy& policy, CheckList& rows);
// What must be one of several values, and the product's standing.
void CheckSnpValues(SnpClaims& claims, const SnpPolicy& policy,
                    const std::optional<ReportData>& report_data, CheckList& rows);

}  // namespace kedge
