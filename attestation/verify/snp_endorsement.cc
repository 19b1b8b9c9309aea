#include "attestation/verify/snp_endorsement.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string_view>

#include "crypto/certificate.h"
#include "crypto/crl.h"

namespace kedge {
namespace {

constexpr int kRootBits = 4096;
constexpr std::string_view kSignatureAlgorithm = "rsassa-pss-sha384";
// Common names of the intermediates: "SEV-Milan" (ASK) and "SEV-VLEK-Milan" (ASVK).
constexpr std::string_view kAskPrefix = "SEV-";
constexpr std::string_view kAsvkPrefix = "SEV-VLEK-";

std::optional<SnpSigningKey> KindOf(const VcekExtensions& extensions) {
  if (extensions.hwid.has_value() == extensions.csp_id.has_value()) return std::nullopt;
  return extensions.hwid ? SnpSigningKey::kVcek : SnpSigningKey::kVlek;
}

std::string CommonName(const Certificate& certificate) {
  const std::vector<std::string> names = certificate.SubjectValues("CN");
  return names.size() == 1 ? names.front() : "";
}

std::string HexOf(const Certificate& certificate) {
  return absl::StrCat(certificate.subject(), " with key ", ToHex(certificate.spki_sha256()));
}

std::optional<Certificate> Read(const Bytes& file, const std::string& what, const char* missing,
                                CheckList& rows) {
  if (file.empty()) {
    rows.Fail(missing, "a certificate", "none given", what);
    return std::nullopt;
  }
  StatusOr<Certificate> certificate = Certificate::FromPemOrDer(file);
  if (!certificate.ok()) {
    rows.Malformed("FORMAT", "an X.509 certificate", MessageOf(certificate.status()), what);
    return std::nullopt;
  }
  return *std::move(certificate);
}

void CheckLink(const Certificate& child, const Certificate& issuer, const std::string& what,
               CheckList& rows) {
  Status status = child.VerifyIssuedBy(issuer);
  if (status.ok() &&
      (child.signature_algorithm() != kSignatureAlgorithm || issuer.key_bits() != kRootBits)) {
    status = Refused("CHAIN", absl::StrCat("signed with ", child.signature_algorithm(),
                                           " and a key of ", issuer.key_bits(), " bits"));
  }
  if (status.ok() && !child.unknown_critical().empty()) {
    status = Refused("CHAIN", "critical extension " + child.unknown_critical().front());
  }
  rows.DemandOk("CHAIN", status, "issued and signed, RSA-4096 PSS with SHA-384", what);
}

void CheckTime(const Certificate& certificate, const SnpTime& time, const std::string& what,
               CheckList& rows) {
  if (time.at) {
    rows.DemandOk("TIME", certificate.CheckValidAt(*time.at), "valid at that time", what);
  } else {
    rows.Skip("TIME", time.skipped_by, what);
  }
}

void CheckSerial(const Crl& crl, const Certificate& certificate, const std::string& what,
                 CheckList& rows) {
  const std::optional<absl::Time> revoked = crl.RevokedAt(certificate.serial());
  rows.Demand("CRL_REVOKED", !revoked, "not revoked",
              absl::StrCat("serial ", ToHex(certificate.serial()),
                           revoked ? " is revoked" : " is not listed"),
              what);
}

bool Newer(const Crl& a, const Crl& b) {
  const int order = CompareCrlNumbers(a.number().value_or(Bytes()), b.number().value_or(Bytes()));
  return order > 0 || (order == 0 && a.this_update() > b.this_update());
}

}  // namespace

class SnpIssuersExaminer {
 public:
  SnpIssuersExaminer(const SnpPolicy& policy, const SnpTime& time) : policy_(policy), time_(time) {}

  SnpIssuers Examine(const SnpCertificates& certificates) && {
    out_.intermediate_ =
        Read(certificates.intermediate, "intermediate (ASK or ASVK)", "CHAIN", rows());
    out_.root_ = Read(certificates.root, "root (ARK)", "CHAIN", rows());
    if (out_.root_) CheckRoot(*out_.root_);
    if (out_.intermediate_) {
      CheckTime(*out_.intermediate_, time_, "intermediate", rows());
      out_.valid_until_ = std::min(out_.valid_until_, out_.intermediate_->not_after());
      if (out_.root_) {
        CheckLink(*out_.intermediate_, *out_.root_, "intermediate by root", rows());
      }
    }
    CheckRevocation(certificates.crls);
    return std::move(out_);
  }

 private:
  CheckList& rows() { return out_.checks_; }

  void CheckRoot(const Certificate& root) {
    const auto judge = [&](const SnpRoots& roots) {
      Judgement out{.good = false, .expected = "a root key that the policy pins: "};
      std::string names;
      const auto offer = [&](const SnpRoot& pin) {
        absl::StrAppend(&names, names.empty() ? "" : ", ", pin.name);
        if (!Equal(pin.spki_sha256, root.spki_sha256())) return;
        out.good = true;
        out_.root_product_ = pin.product;
      };
      if (roots.amd) std::for_each(AmdRoots().begin(), AmdRoots().end(), offer);
      std::for_each(roots.custom.begin(), roots.custom.end(), offer);
      out.expected += names.empty() ? "none" : names;
      return out;
    };
    ApplyField(rows(), "ROOT_PIN", "root key", policy_.roots, HexOf(root), judge);
    // Without a pin nothing below means anything: no policy may skip or soften it.
    if (policy_.roots.state() != PolicyField<SnpRoots>::State::kEnforce) {
      rows().Fail("ROOT_PIN", "pinned roots, enforced", "the policy does not enforce a root",
                  "a root cannot be skipped");
    }
    CheckLink(root, root, "root by itself", rows());
    CheckTime(root, time_, "root", rows());
    out_.valid_until_ = std::min(out_.valid_until_, root.not_after());
  }

  void CheckRevocation(const std::vector<Bytes>& files) {
    if (policy_.crl.state() == PolicyField<SnpCrlRule>::State::kUnset) {
      rows().Fail("CRL_MISSING", "a rule on CRLs in the policy", "the policy leaves it unset");
      return;
    }
    if (files.empty()) {
      ApplyField(rows(), "CRL_MISSING", "revocation list of the root", policy_.crl, "none given",
                 [](const SnpCrlRule&) {
                   return Judgement{false, "a CRL signed by the root"};
                 });
      return;
    }
    // A list that is given is read even where none is needed.
    Status worst = Refused("CRL_ISSUER", "no root to check it with");
    for (const Bytes& file : files) {
      StatusOr<Crl> crl = Crl::FromPemOrDer(file);
      if (!crl.ok()) {
        rows().Malformed("FORMAT", "a CRL", MessageOf(crl.status()), "revocation list");
        continue;
      }
      Status status = out_.root_ ? crl->VerifySignedBy(*out_.root_) : worst;
      if (status.ok()) {
        if (out_.intermediate_) CheckSerial(*crl, *out_.intermediate_, "intermediate", rows());
        out_.lists_.push_back(*std::move(crl));
      } else if (FaultCode(worst) != "CRL_SIGNATURE") {
        // A bad signature in the root's name says more than the list of another issuer.
        worst = std::move(status);
      }
    }
    if (out_.lists_.empty()) {
      rows().Fail(FaultCode(worst), "a CRL signed by the root", MessageOf(worst),
                  "revocation list");
      return;
    }
    const Crl& best = *std::max_element(out_.lists_.begin(), out_.lists_.end(),
                                        [](const Crl& a, const Crl& b) { return Newer(b, a); });
    rows().Pass("CRL_SIGNATURE", "a CRL signed by the root", best.issuer(), "revocation list");
    CheckWindow(best);
  }

  void CheckWindow(const Crl& crl) {
    if (!time_.at) {
      rows().Skip("CRL_STALE", time_.skipped_by);
      return;
    }
    out_.valid_until_ = std::min(out_.valid_until_, crl.next_update());
    const absl::Duration max_age =
        policy_.crl.has_value() ? policy_.crl.value().max_age : absl::InfiniteDuration();
    if (max_age < absl::InfiniteDuration()) {
      out_.valid_until_ = std::min(out_.valid_until_, crl.this_update() + max_age);
    }
    rows().DemandOk("CRL_STALE", crl.CheckWindow(*time_.at, max_age), "in force at that time",
                    "revocation list");
  }

  const SnpPolicy& policy_;
  const SnpTime& time_;
  SnpIssuers out_;
};

class SnpEndorsementExaminer {
 public:
  SnpEndorsementExaminer(const SnpIssuers& issuers, const SnpTime& time)
      : issuers_(issuers), time_(time) {}

  SnpEndorsement Examine(const Bytes& file) && {
    out_.valid_until_ = issuers_.valid_until_;
    out_.root_product_ = issuers_.root_product_;
    const std::optional<Certificate> leaf = Read(file, "leaf (VCEK or VLEK)", "NO_LEAF", rows());
    if (leaf) {
      out_.valid_until_ = std::min(out_.valid_until_, leaf->not_after());
      CheckContents(*leaf);
      CheckIssue(*leaf);
    }
    rows().Append(issuers_.checks_);
    return std::move(out_);
  }

 private:
  CheckList& rows() { return out_.checks_; }

  void CheckContents(const Certificate& leaf) {
    StatusOr<P384Verifier> key = P384Verifier::FromSpki(leaf.spki());
    const bool p384 = key.ok();
    rows().Demand("LEAF_KEY", p384, "a P-384 key", p384 ? "P-384" : "another kind of key");
    if (p384) out_.key_ = *std::move(key);
    StatusOr<VcekExtensions> extensions = ParseVcekExtensions(leaf);
    rows().DemandOk("LEAF_EXTENSIONS", extensions.status(),
                    "AMD's extensions with product and TCB");
    if (!extensions.ok()) return;
    out_.extensions_ = *std::move(extensions);
    out_.kind_ = KindOf(*out_.extensions_);
    rows().Demand("LEAF_KIND", out_.kind_.has_value(),
                  "a chip's identity (VCEK) or a provider's (VLEK)",
                  out_.kind_ ? std::string(ToString(*out_.kind_)) : "both or neither");
    if (out_.root_product_) {
      rows().Demand("PRODUCT", out_.extensions_->product == out_.root_product_,
                    std::string(ToString(*out_.root_product_)), out_.extensions_->product_name,
                    "certificate's product under the pinned root");
    }
  }

  void CheckIssue(const Certificate& leaf) {
    if (issuers_.intermediate_) {
      if (out_.kind_) CheckKind(CommonName(*issuers_.intermediate_));
      CheckLink(leaf, *issuers_.intermediate_, "leaf by intermediate", rows());
    }
    if (leaf.is_ca()) rows().Fail("CHAIN", "a leaf that is no authority", leaf.subject(), "leaf");
    CheckTime(leaf, time_, "leaf", rows());
    // The root lists what it issued, the intermediates. A leaf's serial is looked up too: KDS
    // speaks of revoked leaves without saying who would list them, and they are all 0 today.
    for (const Crl& crl : issuers_.lists_) CheckSerial(crl, leaf, "leaf", rows());
  }

  void CheckKind(const std::string& issuer) {
    const bool asvk = issuer.starts_with(kAsvkPrefix);
    const bool ask = !asvk && issuer.starts_with(kAskPrefix);
    const bool vlek = out_.kind_ == SnpSigningKey::kVlek;
    rows().Demand("LEAF_KIND", vlek ? asvk : ask,
                  vlek ? "a VLEK under an ASVK" : "a VCEK under an ASK",
                  absl::StrCat(std::string(ToString(*out_.kind_)), " under '", issuer, "'"));
  }

  const SnpIssuers& issuers_;
  const SnpTime& time_;
  SnpEndorsement out_;
};

SnpIssuers SnpIssuers::Examine(const SnpCertificates& certificates, const SnpPolicy& policy,
                               const SnpTime& time) {
  return SnpIssuersExaminer(policy, time).Examine(certificates);
}

SnpEndorsement SnpEndorsement::Examine(const Bytes& leaf, const SnpIssuers& issuers,
                                       const SnpTime& time) {
  return SnpEndorsementExaminer(issuers, time).Examine(leaf);
}

SnpEndorsement SnpEndorsement::Examine(const SnpCertificates& certificates, const SnpPolicy& policy,
                                       const SnpTime& time) {
  return Examine(certificates.leaf, SnpIssuers::Examine(certificates, policy, time), time);
}

}  // namespace kedge
