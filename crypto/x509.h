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

// A certificate to be trusted, and behind it those that may be needed between it and a leaf, as PEM
// in one text.
inline constexpr size_t kMaxCertificateBundle = 8;
// MALFORMED unless the text holds one to kMaxCertificateBundle certificates.
Status CheckCertificateBundle(std::string_view pem);

// Verifies an EK certificate (DER) to the first certificate of one of the bundles `roots_pem`, over
// the others of the bundle and `intermediates_der` where needed, at the time given, and returns the
// SPKI (DER) of the leaf. Everything that signs must be a CA by its own word (basicConstraints,
// keyCertSign, pathlen) and valid at that time, with RSA of 2,048 bits or P-224 and SHA-224 at
// least. The leaf is an endorsement key's: no CA; where it has key usage, encipherment for RSA and
// agreement for ECC; where it has extended key usage, tcg-kp-EKCertificate (2.23.133.8.1), which
// some makers leave out. Critical extensions that TPM manufacturers put there (TCG EK Credential
// Profile 3.2: SAN directoryName) are understood. PERMISSION_DENIED with fault EK_NOT_TRUSTED.
StatusOr<Bytes> VerifyEkCertificate(ByteView leaf_der, const std::vector<Bytes>& intermediates_der,
                                    const std::vector<std::string>& roots_pem, absl::Time now);

}  // namespace kedge
