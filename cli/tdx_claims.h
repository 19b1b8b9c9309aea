// What a TDX quote says, as JSON: the names and forms of cases.json where it has them.
#pragma once

#include <nlohmann/json.hpp>

#include "attestation/verify/tdx.h"

namespace kedge::cli {

// Every field of the quote alone.
nlohmann::ordered_json TdxQuoteJson(const TdxQuote& quote);
// Every field of the PCK certificate's SGX extension and who issued it.
nlohmann::ordered_json PckJson(const PckChain& pck);
// Both, and what Intel's collateral says about the platform.
nlohmann::ordered_json TdxClaimsJson(const TdxClaims& claims);

}  // namespace kedge::cli
