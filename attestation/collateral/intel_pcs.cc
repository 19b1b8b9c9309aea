#include "attestation/collateral/intel_pcs.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "attestation/collateral/intel_documents.h"
#include "attestation/parse/tdx_quote.h"

namespace kedge::collateral {
namespace {

constexpr char kTcbInfoChain[] = "tcb-info-issuer-chain";
constexpr char kIdentityChain[] = "sgx-enclave-identity-issuer-chain";
constexpr char kPckCrlChain[] = "sgx-pck-crl-issuer-chain";

}  // namespace

StatusOr<TdxPlatform> TdxPlatformOf(ByteView bytes) {
  ASSIGN_OR_RETURN(const TdxQuote quote, ParseTdxQuote(bytes));
  ASSIGN_OR_RETURN(const auto pck, ReadPckChain(AsText(quote.pck_chain_pem)));
  return TdxPlatform{pck->extensions.fmspc, pck->authority};
}

StatusOr<FetchedTdxCollateral> IntelPcs::Get(const TdxPlatform& platform) {
  const std::string fmspc = ToHex(platform.fmspc);
  ASSIGN_OR_RETURN(Kept info, store_.Get(absl::StrCat(addresses_.base,
                                                      "/tdx/certification/v4/tcb?fmspc=", fmspc),
                                         kTcbInfoChain, TcbInfoCheck(roots_, fmspc)));
  ASSIGN_OR_RETURN(Kept identity, store_.Get(addresses_.base + "/tdx/certification/v4/qe/identity",
                                             kIdentityChain, QeIdentityCheck(roots_)));
  ASSIGN_OR_RETURN(
      Kept pck_crl,
      store_.Get(absl::StrCat(addresses_.base, "/sgx/certification/v4/pckcrl?ca=",
                              std::string(ToString(platform.authority)), "&encoding=der"),
                 kPckCrlChain, PckCrlCheck(roots_, platform.authority)));
  ASSIGN_OR_RETURN(Certificate root, RootOf(info.document.issuer_chain_pem));
  ASSIGN_OR_RETURN(Kept root_crl, store_.Get(addresses_.root_crl, "", RootCrlCheck(root)));

  FetchedTdxCollateral out;
  out.files.root_ca_pem = root.der();
  out.files.pck_crl = pck_crl.document.body;
  out.files.root_crl = root_crl.document.body;
  out.files.tcb_info_json = info.document.body;
  out.files.tcb_chain_pem = ToBytes(info.document.issuer_chain_pem);
  out.files.qe_identity_json = identity.document.body;
  out.files.qe_chain_pem = ToBytes(identity.document.issuer_chain_pem);
  for (Kept* kept : {&info, &identity, &pck_crl, &root_crl}) {
    out.documents.push_back(std::move(*kept));
  }
  return out;
}

}  // namespace kedge::collateral
