// ECDSA over P-256 (SHA-256) and P-384 (SHA-384), signatures in DER (RFC 3279 section 2.2.3).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "base/status.h"

struct evp_pkey_st;

namespace kedge {

enum class Curve { kP256, kP384 };

class VerifyKey {
 public:
  // SubjectPublicKeyInfo in DER or PEM; MALFORMED for anything but a P-256 or P-384 key.
  static StatusOr<VerifyKey> FromSpki(ByteView der);
  static StatusOr<VerifyKey> FromPem(std::string_view pem);
  // From affine coordinates, big-endian, at most the field size.
  static StatusOr<VerifyKey> FromPoint(Curve curve, ByteView x, ByteView y);

  Curve curve() const { return curve_; }
  const Bytes& spki() const { return spki_; }
  std::string Pem() const;
  // Hashes `message` with the curve's hash. PERMISSION_DENIED with fault BAD_SIGNATURE.
  Status Verify(ByteView message, ByteView signature_der) const;
  // Over a digest made elsewhere (a TPM chooses its own hash), signature as two big-endian
  // integers.
  Status VerifyDigestRs(ByteView digest, ByteView r, ByteView s) const;

 private:
  friend class SigningKey;
  VerifyKey(std::shared_ptr<evp_pkey_st> key, Curve curve, Bytes spki)
      : key_(std::move(key)), curve_(curve), spki_(std::move(spki)) {}

  std::shared_ptr<evp_pkey_st> key_;
  Curve curve_;
  Bytes spki_;
};

class SigningKey {
 public:
  static StatusOr<SigningKey> Generate(Curve curve);
  // From the private scalar, big-endian, exactly the curve's size; 0 < scalar < order.
  static StatusOr<SigningKey> FromScalar(Curve curve, const SecretBytes& scalar);
  // PKCS#8 or SEC1 PEM without a passphrase.
  static StatusOr<SigningKey> FromPem(const SecretBytes& pem);

  const VerifyKey& public_key() const { return public_; }
  StatusOr<SecretBytes> PrivatePem() const;
  StatusOr<SecretBytes> Scalar() const;
  StatusOr<Bytes> Sign(ByteView message) const;

  // For x509.cc only.
  evp_pkey_st* native() const { return public_.key_.get(); }

 private:
  explicit SigningKey(VerifyKey key) : public_(std::move(key)) {}
  VerifyKey public_;  // its key_ also holds the private half
};

}  // namespace kedge
