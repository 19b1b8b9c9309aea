// Everything that Intel publishes about a platform and that a TDX quote is held against.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attestation/parse/intel_collateral.h"
#include "attestation/verify/intel_chain.h"
#include "crypto/crl.h"

namespace kedge {

// The files as they came from a folder, a bundle or the network; empty: not there.
struct TdxCollateralFiles {
  Bytes pck_chain_pem;  // the chain that the collateral was fetched for; the quote has its own
  Bytes root_ca_pem;    // PEM or DER
  Bytes pck_crl;        // DER or PEM
  Bytes root_crl;       // DER or PEM
  Bytes tcb_info_json;
  Bytes tcb_chain_pem;
  Bytes qe_identity_json;
  Bytes qe_chain_pem;
};

// Who signed one CRL, for the issuers asked about so far: an answer that no time changes. There are
// one or two (Intel's root exists as two certificates); more are answered and not kept.
class CrlSignatures {
 public:
  Status Of(const Crl& crl, const Certificate& issuer) const;

 private:
  mutable absl::Mutex mutex_;
  mutable std::map<Bytes, Status> by_issuer_ ABSL_GUARDED_BY(mutex_);
};

// Read once and used for many quotes: parsing and the signatures over TCB info, QE identity and
// their chains do not depend on the time. Immutable and safe to share between threads.
class TdxCollateral {
 public:
  // Never fails: what is missing or malformed is found again in every verdict. `known` saves work
  // where it is given.
  static std::shared_ptr<const TdxCollateral> Read(const TdxCollateralFiles& files,
                                                   IntelAuthorities* known = nullptr);

  struct Problem {
    std::string file;
    Status status;
  };
  // Files that are there and cannot be read.
  const std::vector<Problem>& problems() const { return problems_; }

  const std::shared_ptr<const PckChain>& pck_chain() const { return pck_chain_; }
  const std::optional<Certificate>& root() const { return root_; }
  const std::optional<Crl>& pck_crl() const { return pck_crl_; }
  const std::optional<Crl>& root_crl() const { return root_crl_; }
  const std::optional<IntelSigned<TcbInfo>>& tcb_info() const { return tcb_info_; }
  const std::optional<IntelSigned<QeIdentity>>& qe_identity() const { return qe_identity_; }
  const std::shared_ptr<const IntelChain>& tcb_chain() const { return tcb_chain_; }
  const std::shared_ptr<const IntelChain>& qe_chain() const { return qe_chain_; }

  // Whether the leaf of the chain beside it signed the document. Fault BAD_SIGNATURE, or
  // FAILED_PRECONDITION where the document or the chain is missing.
  const Status& tcb_info_signature() const { return tcb_info_signature_; }
  const Status& qe_identity_signature() const { return qe_identity_signature_; }
  // Whether the CRL, which must be there, is signed by `issuer`; worked out once for an issuer.
  Status PckCrlSignedBy(const Certificate& issuer) const {
    return pck_crl_signatures_.Of(*pck_crl_, issuer);
  }
  Status RootCrlSignedBy(const Certificate& issuer) const {
    return root_crl_signatures_.Of(*root_crl_, issuer);
  }

 private:
  TdxCollateral() = default;

  std::vector<Problem> problems_;
  std::shared_ptr<const PckChain> pck_chain_;
  std::optional<Certificate> root_;
  std::optional<Crl> pck_crl_;
  std::optional<Crl> root_crl_;
  std::optional<IntelSigned<TcbInfo>> tcb_info_;
  std::optional<IntelSigned<QeIdentity>> qe_identity_;
  std::shared_ptr<const IntelChain> tcb_chain_;
  std::shared_ptr<const IntelChain> qe_chain_;
  Status tcb_info_signature_;
  Status qe_identity_signature_;
  CrlSignatures pck_crl_signatures_;
  CrlSignatures root_crl_signatures_;
};

}  // namespace kedge
