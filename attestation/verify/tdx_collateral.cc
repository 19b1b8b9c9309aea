#include "attestation/verify/tdx_collateral.h"

#include <utility>

#include "crypto/digest.h"
#include "crypto/ecdsa.h"

namespace kedge {
namespace {

// Gives what `parse` makes of the file; an absent or malformed one becomes an empty T, the latter
// with a problem.
template <typename T, typename Parse>
T ReadFile(const char* file, const Bytes& bytes, std::vector<TdxCollateral::Problem>& problems,
           const Parse& parse) {
  if (bytes.empty()) return T();
  auto parsed = parse(bytes);
  if (!parsed.ok()) {
    problems.push_back({file, parsed.status()});
    return T();
  }
  return T(*std::move(parsed));
}

template <typename T>
Status SignedByLeaf(const std::optional<IntelSigned<T>>& document,
                    const std::shared_ptr<const IntelChain>& chain) {
  if (!document || chain == nullptr) {
    return FailedPrecondition("the document or the chain of its signer is missing");
  }
  ASSIGN_OR_RETURN(const VerifyKey key, VerifyKey::FromSpki(chain->leaf().spki()));
  const ByteView rs(document->signature);
  return key.VerifyDigestRs(Sha256(document->signed_bytes), rs.first(32), rs.last(32));
}

}  // namespace

std::shared_ptr<const TdxCollateral> TdxCollateral::Read(const TdxCollateralFiles& files) {
  const std::shared_ptr<TdxCollateral> out(new TdxCollateral());
  auto& problems = out->problems_;
  using ChainPtr = std::shared_ptr<const IntelChain>;
  const auto signing_chain = [](const Bytes& pem) { return ReadSigningChain(AsText(pem)); };
  out->pck_chain_ = ReadFile<std::shared_ptr<const PckChain>>(
      "pck_chain", files.pck_chain_pem, problems,
      [](const Bytes& pem) { return ReadPckChain(AsText(pem)); });
  out->root_ = ReadFile<std::optional<Certificate>>("root_ca", files.root_ca_pem, problems,
                                                    &Certificate::FromPemOrDer);
  out->pck_crl_ =
      ReadFile<std::optional<Crl>>("pck_crl", files.pck_crl, problems, &Crl::FromPemOrDer);
  out->root_crl_ =
      ReadFile<std::optional<Crl>>("root_crl", files.root_crl, problems, &Crl::FromPemOrDer);
  out->tcb_info_ = ReadFile<std::optional<IntelSigned<TcbInfo>>>("tcb_info", files.tcb_info_json,
                                                                 problems, &ParseTcbInfo);
  out->qe_identity_ = ReadFile<std::optional<IntelSigned<QeIdentity>>>(
      "qe_identity", files.qe_identity_json, problems, &ParseQeIdentity);
  out->tcb_chain_ = ReadFile<ChainPtr>("tcb_chain", files.tcb_chain_pem, problems, signing_chain);
  // Intel sends the same chain with both documents.
  out->qe_chain_ =
      files.qe_chain_pem == files.tcb_chain_pem
          ? out->tcb_chain_
          : ReadFile<ChainPtr>("qe_chain", files.qe_chain_pem, problems, signing_chain);

  out->tcb_info_signature_ = SignedByLeaf(out->tcb_info_, out->tcb_chain_);
  out->qe_identity_signature_ = SignedByLeaf(out->qe_identity_, out->qe_chain_);
  if (out->pck_crl_ && out->pck_chain_ != nullptr) {
    out->pck_crl_signature_ = out->pck_crl_->VerifySignedBy(out->pck_chain_->ca());
  }
  if (out->root_crl_ && out->tcb_chain_ != nullptr) {
    out->root_crl_signature_ = out->root_crl_->VerifySignedBy(out->tcb_chain_->root());
  }
  return out;
}

Status TdxCollateral::PckCrlSignedBy(const Certificate& issuer) const {
  if (pck_chain_ != nullptr && pck_chain_->ca().der() == issuer.der()) return pck_crl_signature_;
  return pck_crl_->VerifySignedBy(issuer);
}

Status TdxCollateral::RootCrlSignedBy(const Certificate& issuer) const {
  if (tcb_chain_ != nullptr && tcb_chain_->root().der() == issuer.der()) {
    return root_crl_signature_;
  }
  return root_crl_->VerifySignedBy(issuer);
}

}  // namespace kedge
