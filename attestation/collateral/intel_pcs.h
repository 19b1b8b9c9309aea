// Intel's Provisioning Certification Service (PCS API version 4), or a caching service (PCCS) that
// speaks the same.
#pragma once

#include <string>

#include "attestation/collateral/store.h"
#include "attestation/verify/tdx_collateral.h"

namespace kedge::collateral {

struct IntelPcsAddresses {
  std::string base = "https://api.trustedservices.intel.com";
  std::string root_crl = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";
};

struct TdxPlatform {
  ByteArray<6> fmspc{};
  PckAuthority authority = PckAuthority::kPlatform;
};
// What a quote says about the platform that made it. MALFORMED.
StatusOr<TdxPlatform> TdxPlatformOf(ByteView quote);

struct FetchedTdxCollateral {
  TdxCollateralFiles files;  // without the PCK chain, which is in the quote
  std::vector<Kept> documents;
};

class IntelPcs {
 public:
  IntelPcs(Store& store, SpkiPins roots, IntelPcsAddresses addresses)
      : store_(store), roots_(std::move(roots)), addresses_(std::move(addresses)) {}

  // All that VerifyTdx needs for quotes of this platform. Errors as Store::Get.
  StatusOr<FetchedTdxCollateral> Get(const TdxPlatform& platform);

 private:
  Store& store_;
  const SpkiPins roots_;
  const IntelPcsAddresses addresses_;
};

}  // namespace kedge::collateral
