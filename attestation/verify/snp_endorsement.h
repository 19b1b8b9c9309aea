// Whether AMD vouches for a key that signs SNP reports: chain, root, revocation. Done once a
// certificate; reports are then checked against the result (attestation/verify/snp.h).
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "attestation/parse/snp_report.h"
#include "attestation/parse/vcek_extensions.h"
#include "attestation/verify/check_list.h"
#include "attestation/verify/snp_policy.h"
#include "base/bytes.h"
#include "crypto/certificate.h"
#include "crypto/crl.h"
#include "crypto/p384_verifier.h"

namespace kedge {

// As they came, from whomever; DER or one PEM block each. Empty where there is none.
struct SnpCertificates {
  Bytes leaf;          // VCEK or VLEK
  Bytes intermediate;  // ASK or ASVK
  Bytes root;          // ARK; worth nothing unless a pin says so
  std::vector<Bytes> crls;
};

// The time of an appraisal, or who allowed to go without.
struct SnpTime {
  std::optional<absl::Time> at;
  std::string skipped_by;  // where there is no time
};

// What stands above every leaf of a product: intermediate, root and revocation lists. Shared by all
// the chips below it; kept by whoever verifies for many of them.
class SnpIssuers {
 public:
  // Runs every check that can be run without a leaf; `certificates.leaf` is not looked at.
  static SnpIssuers Examine(const SnpCertificates& certificates, const SnpPolicy& policy,
                            const SnpTime& time);

  const CheckList& checks() const { return checks_; }
  absl::Time valid_until() const { return valid_until_; }

 private:
  friend class SnpIssuersExaminer;
  friend class SnpEndorsementExaminer;
  SnpIssuers() = default;

  CheckList checks_;
  std::optional<Certificate> intermediate_;
  std::optional<Certificate> root_;
  std::optional<SnpProduct> root_product_;
  std::vector<Crl> lists_;  // signed by the root
  absl::Time valid_until_ = absl::InfiniteFuture();
};

class SnpEndorsement {
 public:
  // Runs every check that can be run. Never fails by itself: the rows say what holds.
  static SnpEndorsement Examine(const SnpCertificates& certificates, const SnpPolicy& policy,
                                const SnpTime& time);
  // The same below issuers that were examined before, with the same policy and at a time when they
  // stand (SnpIssuers::valid_until). Their rows are in this one's too.
  static SnpEndorsement Examine(const Bytes& leaf, const SnpIssuers& issuers, const SnpTime& time);

  const CheckList& checks() const { return checks_; }
  // The leaf's key and contents, whatever the rows say; unset where they cannot be read.
  const std::optional<P384Verifier>& key() const { return key_; }
  const std::optional<VcekExtensions>& extensions() const { return extensions_; }
  // By what the leaf holds: a chip's identity or a provider's.
  std::optional<SnpSigningKey> kind() const { return kind_; }
  // The product of the pinned root; unset where the root is not pinned.
  std::optional<SnpProduct> root_product() const { return root_product_; }
  // Before this the rows stand; later everything must be examined again.
  absl::Time valid_until() const { return valid_until_; }

 private:
  friend class SnpEndorsementExaminer;
  SnpEndorsement() = default;

  CheckList checks_;
  std::optional<P384Verifier> key_;
  std::optional<VcekExtensions> extensions_;
  std::optional<SnpSigningKey> kind_;
  std::optional<SnpProduct> root_product_;
  absl::Time valid_until_ = absl::InfiniteFuture();
};

}  // namespace kedge
