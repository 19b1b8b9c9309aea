// What a certificate of a TPM's endorsement or attestation key says beyond X.509 (TCG EK Credential
// Profile 2.5, section 3.2). Thread-safe, no state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/certificate.h"

namespace kedge {

// tcg-kp-EKCertificate and tcg-kp-AIKCertificate.
inline constexpr std::string_view kEkCertificatePurpose = "2.23.133.8.1";
inline constexpr std::string_view kAkCertificatePurpose = "2.23.133.8.3";

struct TpmCertificateTerms {
  bool for_encryption = false;        // key usage has keyEncipherment or keyAgreement
  bool for_signing = false;           // key usage has digitalSignature
  std::vector<std::string> purposes;  // extended key usage, dotted; empty where absent
  // The directory name of subjectAltName, in printable text; empty where absent.
  std::string manufacturer;  // "id:474F4F47"
  std::string model;
  std::string version;

  bool HasPurpose(std::string_view oid) const;
};
// MALFORMED where one of these extensions cannot be read.
StatusOr<TpmCertificateTerms> ReadTpmCertificateTerms(const Certificate& certificate);

}  // namespace kedge
