// SNP claims for programs: the names and forms of the decoded fields of cases.json, and all others.
#pragma once

#include <nlohmann/json.hpp>

#include "attestation/verify/snp.h"

namespace kedge::cli {

nlohmann::ordered_json SnpClaimsJson(const SnpClaims& claims);

}  // namespace kedge::cli
