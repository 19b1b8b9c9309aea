// RSA-OAEP-SHA256 (RFC 8017 section 7.1) with a label, for seed shares; keys of at least 3072 bits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

struct evp_pkey_st;

namespace kedge {

class RsaPublicKey {
 public:
  static StatusOr<RsaPublicKey> FromSpki(ByteView der);
  static StatusOr<RsaPublicKey> FromPem(std::string_view pem);
  const Bytes& spki() const { return spki_; }
  std::string Pem() const;
  StatusOr<Bytes> Encrypt(std::string_view label, const SecretBytes& plaintext) const;

 private:
  friend class RsaPrivateKey;
  RsaPublicKey(std::shared_ptr<evp_pkey_st> key, Bytes spki)
      : key_(std::move(key)), spki_(std::move(spki)) {}
  std::shared_ptr<evp_pkey_st> key_;
  Bytes spki_;
};

class RsaPrivateKey {
 public:
  // bits: 3072 or 4096.
  static StatusOr<RsaPrivateKey> Generate(int bits);
  static StatusOr<RsaPrivateKey> FromPem(const SecretBytes& pem);
  const RsaPublicKey& public_key() const { return public_; }
  StatusOr<SecretBytes> PrivatePem() const;
  // PERMISSION_DENIED with fault SHARE_NOT_FOR_THIS_KEY where it does not decrypt.
  StatusOr<SecretBytes> Decrypt(std::string_view label, ByteView ciphertext) const;

 private:
  explicit RsaPrivateKey(RsaPublicKey key) : public_(std::move(key)) {}
  RsaPublicKey public_;
};

}  // namespace kedge
