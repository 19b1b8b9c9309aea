#include "attestation/verify/certificate_path.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace kedge {
namespace {

constexpr size_t kMaxPath = 8;
// Critical in intermediates of TPM manufacturers. No policy is asked for, so that any will do (RFC
// 5280 section 6.1.1, initial-explicit-policy false).
constexpr char kCertificatePolicies[] = "2.5.29.32";

std::string NameOf(const Certificate& certificate) {
  return certificate.subject().empty() ? "(no subject)" : certificate.subject();
}

std::string Describe(const CertificatePath& path) {
  std::string out;
  for (const Certificate& certificate : path.certificates) {
    absl::StrAppend(&out, out.empty() ? "" : " <- ", NameOf(certificate));
  }
  return out;
}

std::string WindowOf(const CertificatePath& path) {
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();
  for (const Certificate& certificate : path.certificates) {
    from = std::max(from, certificate.not_before());
    to = std::min(to, certificate.not_after());
  }
  const absl::TimeZone utc = absl::UTCTimeZone();
  return absl::StrCat(absl::FormatTime(from, utc), " to ", absl::FormatTime(to, utc));
}

}  // namespace

CertificatePath BuildPath(const Certificate& leaf, const std::vector<Certificate>& intermediates,
                          const Certificate& anchor) {
  CertificatePath path;
  path.certificates.push_back(leaf);
  while (path.certificates.size() < kMaxPath) {
    const Certificate& last = path.certificates.back();
    if (last.issuer_der() == anchor.subject_der() && last.VerifyIssuedBy(anchor).ok()) {
      path.certificates.push_back(anchor);
      path.reaches_anchor = true;
      return path;
    }
    const auto issuer =
        std::find_if(intermediates.begin(), intermediates.end(), [&](const Certificate& candidate) {
          const bool used =
              std::any_of(path.certificates.begin(), path.certificates.end(),
                          [&](const Certificate& other) { return other.der() == candidate.der(); });
          return !used && last.issuer_der() == candidate.subject_der() &&
                 last.VerifyIssuedBy(candidate).ok();
        });
    if (issuer == intermediates.end()) return path;
    path.certificates.push_back(*issuer);
  }
  return path;
}

void CheckPath(const CertificatePath& path, const Certificate& anchor, std::optional<absl::Time> at,
               CheckList& checks) {
  const std::string expected = "leads to " + NameOf(anchor);
  if (!path.reaches_anchor) {
    const Certificate& last = path.certificates.back();
    checks.Fail("CHAIN", expected,
                Describe(path) + ", and no certificate for its issuer " + last.issuer());
    return;
  }
  const Status status = VerifyChain(path.certificates, at.value_or(absl::InfinitePast()),
                                    {.understood_critical = {kCertificatePolicies}});
  // A root that comes in a file vouches for its own dates.
  const bool self_issued = anchor.subject_der() == anchor.issuer_der();
  if (const Status own = self_issued ? anchor.VerifySignedBy(anchor) : absl::OkStatus();
      !own.ok()) {
    checks.Fail("CHAIN", expected, "its own signature does not hold: " + MessageOf(own));
    return;
  }
  // The time is looked at last: a fault about it says that everything else holds.
  const bool in_time = status.ok();
  const bool whole = in_time || FaultCode(status) == "TIME";
  checks.Demand("CHAIN", whole, expected, whole ? Describe(path) : MessageOf(status));
  if (!whole) return;
  if (!at) {
    checks.Skip("TIME", "the caller gave no time", WindowOf(path));
  } else {
    checks.Demand("TIME", in_time, absl::FormatTime(*at, absl::UTCTimeZone()),
                  in_time ? WindowOf(path) : MessageOf(status));
  }
}

}  // namespace kedge
