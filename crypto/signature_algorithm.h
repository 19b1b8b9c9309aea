// Which signature algorithms certificates and CRLs may use. For .cc files of this room only.
#pragma once

#include <openssl/x509.h>

#include <string>

namespace kedge {

inline constexpr char kUnknownSignatureAlgorithm[] = "unknown";

// "rsassa-pss-sha256|384|512" (MGF1 with the same hash, salt as long as the hash),
// "rsa-sha256|384|512" (PKCS #1 v1.5), "ecdsa-sha256|384|512", or "unknown".
std::string SignatureAlgorithmName(const X509_ALGOR* algorithm);

// A name as RFC 4514 text.
std::string NameText(const X509_NAME* name);

}  // namespace kedge
