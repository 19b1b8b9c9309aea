// An RSA public key as a TPM states it: modulus and exponent. Verifies quotes (RSASSA, RSAPSS) and
// wraps credential seeds (OAEP); seed shares have their own, larger keys in crypto/rsa.h.
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/tpm_hash.h"

struct evp_pkey_st;
struct rsa_st;

namespace kedge {

enum class RsaPadding { kPkcs1, kPss };

class TpmRsaKey {
 public:
  // 2048 to 4096 bits, big-endian; exponent 0 means 65537 (TPM 2.0 part 2, 12.2.3.5). MALFORMED.
  static StatusOr<TpmRsaKey> FromModulus(ByteView modulus, uint32_t exponent);
  // SubjectPublicKeyInfo in DER; MALFORMED for anything but RSA of the sizes above.
  static StatusOr<TpmRsaKey> FromSpki(ByteView der);
  static StatusOr<TpmRsaKey> FromPem(std::string_view pem);

  const Bytes& spki() const { return spki_; }  // DER

  // PERMISSION_DENIED with fault BAD_SIGNATURE. The salt of PSS may have any length.
  Status VerifyDigest(RsaPadding padding, TpmHash hash, ByteView digest, ByteView signature) const;
  // RSAES-OAEP (RFC 8017 section 7.1) with MGF1 over the same hash; the label with its zero byte
  // where the TPM wants one.
  StatusOr<Bytes> EncryptOaep(TpmHash hash, ByteView label, const SecretBytes& plaintext) const;

 private:
  TpmRsaKey(std::shared_ptr<evp_pkey_st> key, std::shared_ptr<rsa_st> plain, Bytes spki)
      : key_(std::move(key)), plain_(std::move(plain)), spki_(std::move(spki)) {}
  static StatusOr<TpmRsaKey> Checked(std::shared_ptr<evp_pkey_st> key);

  Status VerifyPkcs1(TpmHash hash, ByteView digest, ByteView signature) const;
  Status VerifyPss(TpmHash hash, ByteView digest, ByteView signature) const;

  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<rsa_st> plain_;  // the same key for VerifyPkcs1
  Bytes spki_;
};

}  // namespace kedge
