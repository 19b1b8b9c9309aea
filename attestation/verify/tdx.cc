#include "attestation/verify/tdx.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "attestation/verify/tdx_checks.h"

namespace kedge {
namespace {

StatusOr<std::shared_ptr<const PckChain>> ChainOf(const TdxQuote& quote, PckChainCache* cache) {
  const std::string_view pem = AsText(quote.pck_chain_pem);
  return cache != nullptr ? cache->Read(pem) : ReadPckChain(pem);
}

void CheckTcb(const TdxCollateral& collateral, const TdxPolicy& policy, TdxClaims& claims,
              CheckList& checks) {
  const auto& info = collateral.tcb_info();
  const auto& identity = collateral.qe_identity();
  if (!info || info->content.id != "TDX") return;  // a row says so already
  CheckTdxModule(claims.quote.body, info->content, checks);
  claims.tcb =
      FindTdxTcb(claims.quote.body, claims.pck->extensions.tcb, claims.quote.qe_report.isv_svn,
                 info->content, identity ? &identity->content : nullptr);
  CheckTcbStatus(*claims.tcb, policy, checks);
}

}  // namespace

TdxVerification VerifyTdx(ByteView bytes, std::shared_ptr<const TdxCollateral> collateral,
                          const TdxQuestion& question) {
  const TdxPolicy& policy = question.policy;
  CheckList checks;
  checks.DemandOk("POLICY", CheckComplete(policy), "a rule for every security field");
  StatusOr<TdxQuote> quote = ParseTdxQuote(bytes);
  if (!quote.ok()) {
    checks.Malformed(FaultCode(quote.status()), "a TDX quote of version 4 or 5",
                     MessageOf(quote.status()));
    return {std::move(checks).Take(), std::nullopt};
  }
  checks.Pass("FORMAT", "a TDX quote of version 4 or 5",
              absl::StrCat("version ", quote->version,
                           quote->body.tee_tcb_svn2 ? ", TDX 1.5 body" : ", TDX 1.0 body"));
  TdxClaims claims{*std::move(quote), nullptr, std::move(collateral), std::nullopt};

  const StatusOr<std::shared_ptr<const PckChain>> pck = ChainOf(claims.quote, question.cache);
  if (pck.ok()) {
    claims.pck = *pck;
  } else {
    checks.Malformed("FORMAT", "Intel's PCK certificate, its CA and the root",
                     MessageOf(pck.status()), "PCK chain in the quote");
  }
  CheckQuoteSignatures(claims.quote, claims.pck.get(), checks);
  if (claims.pck != nullptr) {
    CheckIntelChain(claims.pck->chain, question.roots, question.at, "PCK chain", checks);
    CheckPlatform(claims.pck->extensions, policy, checks);
  }
  if (policy.collateral.state() == PolicyField<CollateralRule>::State::kSkip) {
    checks.Skip("COLLATERAL", policy.collateral.by(),
                "revocation and the platform's TCB are not known");
  } else if (claims.collateral == nullptr) {
    checks.Fail("COLLATERAL_MISSING", "Intel's collateral for the platform", "none");
  } else if (claims.pck != nullptr) {
    CheckCollateral(claims.quote, *claims.pck, *claims.collateral, question, checks);
    CheckTcb(*claims.collateral, policy, claims, checks);
  }
  CheckTdBody(claims.quote.body, question, checks);
  return {std::move(checks).Take(), std::move(claims)};
}

}  // namespace kedge
