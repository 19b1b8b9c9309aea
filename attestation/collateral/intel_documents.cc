#include "attestation/collateral/intel_documents.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "attestation/parse/intel_collateral.h"
#include "base/lp.h"
#include "crypto/crl.h"
#include "crypto/digest.h"
#include "crypto/p256_verifier.h"

namespace kedge::collateral {
namespace {

constexpr size_t kMaxChain = 3;

Status CheckPinned(const SpkiPins& roots, const Certificate& root) {
  if (std::find(roots.begin(), roots.end(), root.spki_sha256()) != roots.end()) {
    return absl::OkStatus();
  }
  return Refused("ROOT_PIN", absl::StrCat("the chain ends in '", root.subject(), "' with the key ",
                                          ToHex(root.spki_sha256()), ", which is not pinned"));
}

// The number as an edition: big-endian without leading zeroes, as CRL numbers are.
Bytes Edition(uint32_t number) {
  Bytes out;
  for (const uint8_t byte : U32Be(number)) {
    if (byte != 0 || !out.empty()) out.push_back(byte);
  }
  return out;
}

template <typename T>
Status CheckSigned(const IntelSigned<T>& document, const std::string& chain_pem,
                   const SpkiPins& roots) {
  ASSIGN_OR_RETURN(const auto chain, ReadSigningChain(chain_pem));
  RETURN_IF_ERROR(chain->links);
  RETURN_IF_ERROR(CheckPinned(roots, chain->root()));
  ASSIGN_OR_RETURN(const P256Verifier key, P256Verifier::FromSpki(chain->leaf().spki()));
  return key.VerifyDigest(Sha256(document.signed_bytes), document.signature);
}

StatusOr<DocumentFacts> FactsOf(const Crl& crl, std::string subject) {
  return DocumentFacts{std::move(subject), crl.number().value_or(Bytes()), crl.this_update(),
                       crl.next_update()};
}

}  // namespace

DocumentCheck TcbInfoCheck(SpkiPins roots, std::string fmspc_hex) {
  return [roots = std::move(roots),
          fmspc_hex = std::move(fmspc_hex)](const Document& document) -> StatusOr<DocumentFacts> {
    ASSIGN_OR_RETURN(const auto parsed, ParseTcbInfo(document.body));
    RETURN_IF_ERROR(CheckSigned(parsed, document.issuer_chain_pem, roots));
    const TcbInfo& info = parsed.content;
    if (info.id != "TDX" || ToHex(info.fmspc) != fmspc_hex) {
      return Refused("FMSPC", absl::StrCat("TCB info is for ", info.id, " on ", ToHex(info.fmspc),
                                           ", asked for TDX on ", fmspc_hex));
    }
    return DocumentFacts{"tcb-info/" + fmspc_hex, Edition(info.tcb_evaluation_data_number),
                         info.issue_date, info.next_update};
  };
}

DocumentCheck QeIdentityCheck(SpkiPins roots) {
  return [roots = std::move(roots)](const Document& document) -> StatusOr<DocumentFacts> {
    ASSIGN_OR_RETURN(const auto parsed, ParseQeIdentity(document.body));
    RETURN_IF_ERROR(CheckSigned(parsed, document.issuer_chain_pem, roots));
    const QeIdentity& identity = parsed.content;
    if (identity.id != "TD_QE") {
      return Refused("QE_IDENTITY_ID", "QE identity is for " + identity.id + ", asked for TD_QE");
    }
    return DocumentFacts{"qe-identity/TD_QE", Edition(identity.tcb_evaluation_data_number),
                         identity.issue_date, identity.next_update};
  };
}

DocumentCheck PckCrlCheck(SpkiPins roots, PckAuthority authority) {
  return [roots = std::move(roots),
          authority](const Document& document) -> StatusOr<DocumentFacts> {
    ASSIGN_OR_RETURN(const auto chain,
                     Certificate::ListFromPem(document.issuer_chain_pem, kMaxChain));
    if (chain.size() != 2) return Malformed("issuer chain of a PCK CRL: expected CA and root");
    RETURN_IF_ERROR(chain[0].VerifyIssuedBy(chain[1]));
    RETURN_IF_ERROR(chain[1].VerifyIssuedBy(chain[1]));
    RETURN_IF_ERROR(CheckPinned(roots, chain[1]));
    ASSIGN_OR_RETURN(const PckAuthority found, PckAuthorityOf(chain[0]));
    if (found != authority) {
      return Refused("CRL_ISSUER", "the list is of '" + chain[0].subject() + "', asked for the " +
                                       std::string(ToString(authority)) + " CA's");
    }
    ASSIGN_OR_RETURN(const Crl crl, Crl::FromPemOrDer(document.body));
    RETURN_IF_ERROR(crl.VerifySignedBy(chain[0]));
    return FactsOf(crl, absl::StrCat("pck-crl/", std::string(ToString(authority))));
  };
}

DocumentCheck RootCrlCheck(Certificate root) {
  return [root = std::move(root)](const Document& document) -> StatusOr<DocumentFacts> {
    ASSIGN_OR_RETURN(const Crl crl, Crl::FromPemOrDer(document.body));
    RETURN_IF_ERROR(crl.VerifySignedBy(root));
    return FactsOf(crl, "root-crl/" + ToHex(root.spki_sha256()));
  };
}

StatusOr<Certificate> RootOf(std::string_view chain_pem) {
  ASSIGN_OR_RETURN(std::vector<Certificate> chain, Certificate::ListFromPem(chain_pem, kMaxChain));
  return std::move(chain.back());
}

}  // namespace kedge::collateral
