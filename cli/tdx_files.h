// TDX evidence in files: a quote, and Intel's collateral as a folder.
#pragma once

#include <memory>
#include <string>

#include "attestation/verify/tdx_collateral.h"
#include "attestation/verify/tdx_policy.h"
#include "base/status.h"

namespace kedge::cli {

// pck_chain.pem, root_ca.pem, pck_crl.der, root_crl.der, tcb_info.json, tcb_chain.pem,
// qe_identity.json, qe_chain.pem; any may be missing, and the verdict then says so.
StatusOr<TdxCollateralFiles> ReadTdxCollateral(const std::string& folder);

// For evidence that is examined, not relied on: the platform up to date and no debugging; the rest
// is skipped, and each row says that `by` allowed it.
TdxPolicy GenuineTdxPolicy(const std::string& by);

}  // namespace kedge::cli
