#include "attestation/model/testing/software_endorsement_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "attestation/model/testing/tpm_wire.h"
#include "base/reader.h"
#include "crypto/aes_cfb.h"
#include "crypto/ecdh.h"
#include "crypto/openssl_ptr.h"
#include "crypto/tpm_hash.h"
#include "crypto/tpm_kdf.h"

namespace kedge::testing {
namespace {

constexpr char kIdentity[] = "IDENTITY";

Status CredentialRefused() {
  return Refused("CREDENTIAL_REFUSED", "the credential was not made for this EK and this AK");
}

TpmHash NameHash(EkKind kind) {
  return kind == EkKind::kRsa2048 ? TpmHash::kSha256 : TpmHash::kSha384;
}

Bytes Modulus(EVP_PKEY* key) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &raw) != 1) std::abort();
  const BnPtr n(raw);
  Bytes out(static_cast<size_t>(BN_num_bytes(n.get())));
  BN_bn2bin(n.get(), out.data());
  return out;
}

StatusOr<SecretBytes> RsaSeed(EVP_PKEY* key, ByteView encrypted) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  EVP_PKEY_decrypt_init(context.get());
  EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING);
  EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256());
  EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256());
  void* label = OPENSSL_memdup(kIdentity, sizeof kIdentity);
  EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, static_cast<int>(sizeof kIdentity));
  Bytes out(512);
  size_t size = out.size();
  if (EVP_PKEY_decrypt(context.get(), out.data(), &size, encrypted.data(), encrypted.size()) != 1) {
    ClearOpenSslErrors();
    return CredentialRefused();
  }
  return SecretBytes::CopyOf(ByteView(out).first(size));
}

}  // namespace

SoftwareEndorsementKey::SoftwareEndorsementKey(EkKind kind)
    : kind_(kind),
      key_(kind == EkKind::kRsa2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-384"),
           [](EVP_PKEY* key) { EVP_PKEY_free(key); }) {
  if (key_ == nullptr) std::abort();
  if (kind == EkKind::kRsa2048) {
    public_area_ = EncodeRsaEkPublic(Modulus(key_.get()));
  } else {
    const EcPoint point = PointOf(*VerifyKey::FromSpki(Spki()));
    public_area_ = EncodeEccEkPublic(point.x, point.y);
  }
}

Bytes SoftwareEndorsementKey::Spki() const { return *SpkiOf(key_.get()); }

StatusOr<SecretBytes> SoftwareEndorsementKey::Seed(ByteView encrypted) const {
  if (kind_ == EkKind::kRsa2048) return RsaSeed(key_.get(), encrypted);
  Reader reader(encrypted);
  ASSIGN_OR_RETURN(const ByteView x, reader.Sized16Be(48));
  ASSIGN_OR_RETURN(const ByteView y, reader.Sized16Be(48));
  RETURN_IF_ERROR(reader.ExpectEnd());
  ASSIGN_OR_RETURN(const VerifyKey ephemeral, VerifyKey::FromPoint(Curve::kP384, x, y));
  ASSIGN_OR_RETURN(const SecretBytes pem, PrivateKeyToPem(key_.get()));
  ASSIGN_OR_RETURN(const SigningKey own, SigningKey::FromPem(pem));
  ASSIGN_OR_RETURN(const SecretBytes z, EcdhSharedX(own, ephemeral));
  return TpmKdfE(TpmHash::kSha384, z, kIdentity, PointOf(ephemeral).x, PointOf(own.public_key()).x,
                 48);
}

StatusOr<SecretBytes> SoftwareEndorsementKey::Activate(const CredentialBlob& blob,
                                                       ByteView ak_name) const {
  const TpmHash hash = NameHash(kind_);
  Reader secret_reader(blob.encrypted_secret);
  ASSIGN_OR_RETURN(const ByteView encrypted_seed, secret_reader.Sized16Be(512));
  RETURN_IF_ERROR(secret_reader.ExpectEnd());
  Reader id_reader(blob.id_object);
  ASSIGN_OR_RETURN(const ByteView id_object, id_reader.Sized16Be(256));
  RETURN_IF_ERROR(id_reader.ExpectEnd());
  Reader body(id_object);
  ASSIGN_OR_RETURN(const ByteView hmac, body.Sized16Be(64));
  ASSIGN_OR_RETURN(const ByteView identity, body.Take(body.remaining()));

  ASSIGN_OR_RETURN(const SecretBytes seed, Seed(encrypted_seed));
  ASSIGN_OR_RETURN(const SecretBytes hmac_key,
                   TpmKdfA(hash, seed, "INTEGRITY", {}, {}, TpmDigestSize(hash)));
  if (!Equal(TpmHmac(hash, hmac_key, {identity, ak_name}), hmac)) return CredentialRefused();
  ASSIGN_OR_RETURN(const SecretBytes key, TpmKdfA(hash, seed, "STORAGE", ak_name, {},
                                                  kind_ == EkKind::kRsa2048 ? 16 : 32));
  ASSIGN_OR_RETURN(const SecretBytes sized, AesCfbDecrypt(key, identity));
  return sized.Reveal([](ByteView raw) -> StatusOr<SecretBytes> {
    Reader reader(raw);
    ASSIGN_OR_RETURN(const ByteView secret, reader.Sized16Be(64));
    RETURN_IF_ERROR(reader.ExpectEnd());
    return SecretBytes::CopyOf(secret);
  });
}

}  // namespace kedge::testing
