// Verifies the certificate of a TPM's endorsement or attestation key up to an anchor. Pure; time is
// an argument.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "attestation/verify/check_list.h"
#include "crypto/certificate.h"
#include "crypto/tpm_certificate.h"

namespace kedge {

struct TpmCertificateQuestion {
  const Certificate& leaf;
  const std::vector<Certificate>& intermediates;  // in any order
  const Certificate& anchor;                      // a root, or an intermediate that is named as one
  // Who names the anchor, for an anchor whose key is not pinned here; empty: only pinned ones.
  std::string anchor_named_by;
  std::optional<absl::Time> at;
};

enum class TpmCertificateKind { kEk, kAk, kUnknown };
std::string_view ToString(TpmCertificateKind kind);  // "ek", "ak", "unknown"

struct TpmCertificateClaims {
  TpmCertificateKind kind = TpmCertificateKind::kUnknown;
  std::string anchor;  // its pinned name, or its subject
  TpmCertificateTerms terms;
  std::vector<Certificate> path;  // as far as it could be built
};

// Rows CHAIN, TIME, ROOT_PIN, KEY_PURPOSE (an endorsement key for encryption or an attestation key
// for signing, never an authority, extended key usage fitting where there is any) and EK_NAME (the
// TCG's subject alternative name: a warning where an endorsement key has none).
TpmCertificateClaims CheckTpmCertificate(const TpmCertificateQuestion& question, CheckList& checks);

}  // namespace kedge
