#include "attestation/verify/tdx_collateral.h"

#include <utility>

#include "crypto/digest.h"
#include "crypto/p256_verifier.h"
#include "crypto/pem.h"

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

StatusOr<Certificate> ReadRoot(const Bytes& file, IntelAuthorities& known) {
  if (!LooksLikePem(file)) return known.Read(file);
  ASSIGN_OR_RETURN(const std::vector<Bytes> blocks, DecodePem(AsText(file), "CERTIFICATE", 1));
  return known.Read(blocks.front());
}

template <typename T>
Status SignedByLeaf(const std::optional<IntelSigned<T>>& document,
                    const std::shared_ptr<const IntelChain>& chain) {
  if (!document || chain == nullptr) {
    return FailedPrecondition("the document or the chain of its signer is missing");
  }
  ASSIGN_OR_RETURN(const P256Verifier key, P256Verifier::FromSpki(chain->leaf().spki()));
  return key.VerifyDigest(Sha256(document->signed_bytes), document->signature);
}

}  // namespace

Status CrlSignatures::Of(const Crl& crl, const Certificate& issuer) const {
  constexpr size_t kKept = 4;
  {
    const absl::MutexLock lock(&mutex_);
    const auto found = by_issuer_.find(issuer.der());
    if (found != by_issuer_.end()) return found->second;
  }
  Status status = crl.VerifySignedBy(issuer);
  const absl::MutexLock lock(&mutex_);
  if (by_issuer_.size() < kKept) by_issuer_.emplace(issuer.der(), status);
  return status;
}

std::shared_ptr<const TdxCollateral> TdxCollateral::Read(const TdxCollateralFiles& files,
                                                         IntelAuthorities* remembered) {
  IntelAuthorities within;  // the root is in several of the files
  IntelAuthorities* known = remembered != nullptr ? remembered : &within;
  const std::shared_ptr<TdxCollateral> out(new TdxCollateral());
  auto& problems = out->problems_;
  using ChainPtr = std::shared_ptr<const IntelChain>;
  const auto signing_chain = [known](const Bytes& pem) {
    return ReadSigningChain(AsText(pem), known);
  };
  out->pck_chain_ = ReadFile<std::shared_ptr<const PckChain>>(
      "pck_chain", files.pck_chain_pem, problems,
      [known](const Bytes& pem) { return ReadPckChain(AsText(pem), known); });
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
  out->root_ = ReadFile<std::optional<Certificate>>(
      "root_ca", files.root_ca_pem, problems,
      [known](const Bytes& file) { return ReadRoot(file, *known); });

  out->tcb_info_signature_ = SignedByLeaf(out->tcb_info_, out->tcb_chain_);
  out->qe_identity_signature_ = SignedByLeaf(out->qe_identity_, out->qe_chain_);
  return out;
}

}  // namespace kedge
