#include "attestation/verify/tpm_certificate.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "attestation/verify/certificate_path.h"
#include "attestation/verify/tpm_anchors.h"

namespace kedge {
namespace {

TpmCertificateKind KindOf(const Certificate& leaf, const TpmCertificateTerms& terms) {
  const bool ek = terms.for_encryption && !terms.for_signing;
  const bool ak = terms.for_signing && !terms.for_encryption;
  if (leaf.is_ca() || ek == ak) return TpmCertificateKind::kUnknown;
  const std::string_view purpose = ek ? kEkCertificatePurpose : kAkCertificatePurpose;
  if (!terms.purposes.empty() && !terms.HasPurpose(purpose)) return TpmCertificateKind::kUnknown;
  return ek ? TpmCertificateKind::kEk : TpmCertificateKind::kAk;
}

std::string Describe(const Certificate& leaf, const TpmCertificateTerms& terms) {
  if (leaf.is_ca()) return "a certificate authority";
  return absl::StrCat("key usage ",
                      terms.for_encryption && terms.for_signing ? "encryption and signing"
                      : terms.for_encryption                    ? "encryption"
                      : terms.for_signing                       ? "signing"
                                                                : "neither",
                      ", purposes ",
                      terms.purposes.empty() ? "not said" : absl::StrJoin(terms.purposes, " "));
}

void CheckAnchor(const TpmCertificateQuestion& question, TpmCertificateClaims& claims,
                 CheckList& checks) {
  const PinnedAnchor* pinned = FindAnchor(TpmCertificateAnchors(), question.anchor.spki_sha256());
  const std::string key = "SPKI sha256:" + ToHex(question.anchor.spki_sha256());
  claims.anchor = pinned != nullptr ? std::string(pinned->name) : question.anchor.subject();
  if (pinned != nullptr) {
    // The pin is of the key; names and dates in the file are worth what that key signed.
    const Status own = question.anchor.VerifySignedBy(question.anchor);
    checks.Demand("ROOT_PIN", own.ok(), "a pinned anchor",
                  own.ok() ? std::string(pinned->name) : MessageOf(own));
  } else if (!question.anchor_named_by.empty()) {
    checks.Skip("ROOT_PIN", question.anchor_named_by, claims.anchor + ", " + key);
  } else {
    checks.Fail("ROOT_PIN", "a pinned anchor", claims.anchor + ", " + key);
  }
}

}  // namespace

std::string_view ToString(TpmCertificateKind kind) {
  switch (kind) {
    case TpmCertificateKind::kEk:
      return "ek";
    case TpmCertificateKind::kAk:
      return "ak";
    case TpmCertificateKind::kUnknown:
      return "unknown";
  }
  return "unknown";
}

TpmCertificateClaims CheckTpmCertificate(const TpmCertificateQuestion& question,
                                         CheckList& checks) {
  TpmCertificateClaims claims;
  CertificatePath path = BuildPath(question.leaf, question.intermediates, question.anchor);
  CheckPath(path, question.anchor, question.at, checks);
  CheckAnchor(question, claims, checks);
  claims.path = std::move(path.certificates);

  StatusOr<TpmCertificateTerms> terms = ReadTpmCertificateTerms(question.leaf);
  if (!terms.ok()) {
    checks.Malformed("FORMAT", "extensions that can be read", MessageOf(terms.status()));
    return claims;
  }
  claims.terms = *std::move(terms);
  claims.kind = KindOf(question.leaf, claims.terms);
  checks.Demand("KEY_PURPOSE", claims.kind != TpmCertificateKind::kUnknown,
                "an endorsement key (encryption) or an attestation key (signing)",
                Describe(question.leaf, claims.terms));
  if (claims.kind == TpmCertificateKind::kEk) {
    const std::string name =
        absl::StrCat(claims.terms.manufacturer, " ", claims.terms.model, " ", claims.terms.version);
    if (claims.terms.manufacturer.empty()) {
      checks.Warn("EK_NAME", "the TPM's manufacturer, model and version", "none",
                  "TCG EK Credential Profile 3.2.9");
    } else {
      checks.Pass("EK_NAME", "the TPM's manufacturer, model and version", name);
    }
  }
  return claims;
}

}  // namespace kedge
