// One X.509 certificate (RFC 5280), read only: what attestation evidence and its collateral carry.
// Signatures are checked over the bytes that came in. Immutable and safe to share between threads.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/signature_key.h"

struct x509_st;

namespace kedge {

inline constexpr size_t kMaxCertificateSize = 64 * 1024;

struct CertificateExtension {
  std::string oid;  // dotted
  bool critical = false;
  Bytes value;  // the content of extnValue, usually DER itself
};

class Certificate {
 public:
  // Exactly one certificate in DER, and nothing that a second encoding would write differently.
  // MALFORMED.
  static StatusOr<Certificate> FromDer(ByteView der);
  // DER, or one PEM block with nothing but white space around it. For files that people name.
  static StatusOr<Certificate> FromPemOrDer(ByteView file);
  // One or more PEM blocks in their order, at most `max`; text between blocks is refused.
  static StatusOr<std::vector<Certificate>> ListFromPem(std::string_view pem, size_t max);

  const Bytes& der() const { return der_; }
  const Bytes& spki() const { return spki_; }  // SubjectPublicKeyInfo in DER, as it came in
  const Sha256Digest& spki_sha256() const { return spki_sha256_; }
  const SignatureKey& key() const { return key_; }
  KeyKind key_kind() const { return key_.kind(); }
  int key_bits() const { return key_.bits(); }

  // RFC 4514 text for people, and the DER form for comparisons.
  const std::string& subject() const { return subject_; }
  const std::string& issuer() const { return issuer_; }
  const Bytes& subject_der() const { return subject_der_; }
  const Bytes& issuer_der() const { return issuer_der_; }
  // Each value of one attribute of the subject ("CN", "OU" …), in UTF-8.
  std::vector<std::string> SubjectValues(std::string_view short_name) const;

  // The content octets of the INTEGER: two's complement, most significant first.
  const Bytes& serial() const { return serial_; }
  absl::Time not_before() const { return not_before_; }
  absl::Time not_after() const { return not_after_; }

  // "rsassa-pss-sha384", "rsa-sha256", "ecdsa-sha256" …; "unknown" where it is none of those that
  // VerifySignedBy accepts (SHA-2 hashes only; for PSS, MGF1 with the same hash and a salt as
  // long).
  const std::string& signature_algorithm() const { return signature_algorithm_; }

  const std::vector<CertificateExtension>& extensions() const { return extensions_; }
  // nullptr where it is absent. No extension is there twice: that is MALFORMED.
  const CertificateExtension* FindExtension(std::string_view oid) const;
  // Critical extensions other than basicConstraints, keyUsage, extendedKeyUsage, subjectAltName.
  const std::vector<std::string>& unknown_critical() const { return unknown_critical_; }

  bool is_ca() const { return is_ca_; }  // basicConstraints say so
  std::optional<int> path_length() const { return path_length_; }
  bool has_key_usage() const { return has_key_usage_; }
  bool may_sign_certificates() const;  // keyCertSign; true where key usage is absent
  bool may_sign_crls() const;          // cRLSign; true where key usage is absent
  bool may_sign_data() const;          // digitalSignature; true where key usage is absent

  // The signature alone, with the key of `issuer` and an algorithm of the list above; RSA keys of
  // at least 2048 bits. PERMISSION_DENIED with fault CHAIN.
  Status VerifySignedBy(const Certificate& issuer) const;
  // Name, CA flag, key usage and signature. Fault CHAIN.
  Status VerifyIssuedBy(const Certificate& issuer) const;
  // Fault TIME outside [not_before, not_after].
  Status CheckValidAt(absl::Time at) const;

 private:
  Certificate() = default;

  std::shared_ptr<x509_st> x509_;
  Bytes der_;
  Bytes spki_;
  Sha256Digest spki_sha256_{};
  SignatureKey key_;
  std::string subject_;
  std::string issuer_;
  Bytes subject_der_;
  Bytes issuer_der_;
  Bytes serial_;
  absl::Time not_before_;
  absl::Time not_after_;
  std::string signature_algorithm_;
  Bytes signed_bytes_;  // TBSCertificate
  Bytes signature_;
  std::vector<CertificateExtension> extensions_;
  std::vector<std::string> unknown_critical_;
  bool is_ca_ = false;
  std::optional<int> path_length_;
  bool has_key_usage_ = false;
  uint32_t key_usage_ = 0;
};

struct ChainRules {
  // Critical extensions that the caller understands itself (dotted OIDs).
  std::vector<std::string> understood_critical;
};

// Leaf first, each issued by the next, all valid at `at`, path lengths kept, no critical extension
// that nobody understands. The last one is taken as it is: whether it is a trusted root is the
// caller's decision, and so is its own signature. Faults CHAIN, TIME.
Status VerifyChain(std::span<const Certificate> chain, absl::Time at, const ChainRules& rules = {});

}  // namespace kedge
