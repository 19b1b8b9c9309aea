// Certificates: the TLS pipe's self-signed one, the cluster CA and node certificates (RFC 5280).
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

#include "crypto/ecdsa.h"

namespace kedge {

struct Validity {
  absl::Time not_before;
  absl::Time not_after;
};

// A self-signed leaf for the TLS pipe; nothing in it is trusted by anyone. PEM.
StatusOr<std::string> SelfSignedCertificate(const SigningKey& key, std::string_view common_name,
                                            const Validity& validity);
// The SubjectPublicKeyInfo (DER) of a certificate in PEM.
StatusOr<Bytes> SpkiOfCertificate(std::string_view pem);

// A CA certificate (basicConstraints CA:TRUE pathlen 0, keyCertSign) for the key. PEM.
StatusOr<std::string> CaCertificate(const SigningKey& key, std::string_view common_name,
                                    const Validity& validity);
// PKCS#10 request, DER.
StatusOr<Bytes> CertificateRequest(const SigningKey& key, std::string_view organisation,
                                   std::string_view common_name);

struct NodeCertificateTerms {
  std::string organisation;  // "system:nodes"
  std::string common_name;   // "system:node:NAME"
  Validity validity;
  Bytes serial;  // 16 random bytes from the caller
};
// Issues a client+server certificate for the key in `request_der`. The request's self-signature is
// verified; its subject and extensions are ignored: the terms decide (S18). PEM.
StatusOr<std::string> IssueNodeCertificate(const SigningKey& ca_key, std::string_view ca_pem,
                                           ByteView request_der, const NodeCertificateTerms& terms);

// Verifies an EK certificate (DER) to one of the roots (PEM), with optional intermediates (DER), at
// the time given, and returns the SPKI (DER) of the leaf. Critical extensions that TPM
// manufacturers put there (TCG EK Credential Profile 3.2: SAN directoryName) are understood.
// PERMISSION_DENIED with fault EK_NOT_TRUSTED.
StatusOr<Bytes> VerifyEkCertificate(ByteView leaf_der, const std::vector<Bytes>& intermediates_der,
                                    const std::vector<std::string>& roots_pem, absl::Time now);

}  // namespace kedge
