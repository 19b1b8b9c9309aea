// Everything that Intel publishes about a platform and that a TDX quote is held against.
#pragma once

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

// Read once and used for many quotes: parsing and the signatures over TCB info, QE identity and
// their chains do not depend on the time. Immutable and safe to share between threads.
class TdxCollateral {
 public:
  // Never fails: what is missing or malformed is found again in every verdict.
  static std::shared_ptr<const TdxCollateral> Read(const TdxCollateralFiles& files);

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
  // Whether the CRL is signed by `issuer`; remembered for the issuer that pck_chain() names.
  Status PckCrlSignedBy(const Certificate& issuer) const;
  Status RootCrlSignedBy(const Certificate& issuer) const;

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
  Status pck_crl_signature_;   // by pck_chain_'s CA
  Status root_crl_signature_;  // by tcb_chain_'s root
};

}  // namespace kedge
