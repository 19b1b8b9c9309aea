#include "crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

constexpr int kMinBits = 3072;
constexpr int kMaxBits = 8192;

Status CheckKey(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_get_id(key) != EVP_PKEY_RSA || bits < kMinBits || bits > kMaxBits) {
    return Malformed("not an RSA key of 3,072 to 8,192 bits");
  }
  return absl::OkStatus();
}

// OAEP with SHA-256 as hash and in MGF1. OpenSSL copies the label.
struct OaepParams {
  explicit OaepParams(std::string_view label)
      : list{OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, mode, 0),
             OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest, 0),
             OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, digest, 0),
             OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
                                               const_cast<char*>(label.data()), label.size()),
             OSSL_PARAM_construct_end()} {}
  char mode[5] = "oaep";
  char digest[7] = "SHA256";
  OSSL_PARAM list[5];
};

}  // namespace

StatusOr<RsaPublicKey> RsaPublicKey::FromSpki(ByteView der) {
  ASSIGN_OR_RETURN(PkeyPtr key, PublicKeyFromSpki(der));
  RETURN_IF_ERROR(CheckKey(key.get()));
  return RsaPublicKey(std::shared_ptr<EVP_PKEY>(std::move(key)), ToBytes(der));
}

StatusOr<RsaPublicKey> RsaPublicKey::FromPem(std::string_view pem) {
  ASSIGN_OR_RETURN(const Bytes spki, SpkiFromPem(pem));
  return FromSpki(spki);
}

std::string RsaPublicKey::Pem() const { return SpkiToPem(spki_); }

StatusOr<Bytes> RsaPublicKey::Encrypt(std::string_view label, const SecretBytes& plaintext) const {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  OaepParams params(label);
  if (!context || EVP_PKEY_encrypt_init_ex(context.get(), params.list) != 1) {
    return OpenSslError("RSA-OAEP set-up");
  }
  Bytes out(static_cast<size_t>(EVP_PKEY_get_size(key_.get())));
  size_t size = out.size();
  const bool ok = plaintext.Reveal([&](ByteView text) {
    return EVP_PKEY_encrypt(context.get(), out.data(), &size, text.data(), text.size()) == 1;
  });
  if (!ok) return OpenSslError("RSA-OAEP encryption (is the plaintext too long for the key?)");
  out.resize(size);
  return out;
}

StatusOr<RsaPrivateKey> RsaPrivateKey::Generate(int bits) {
  if (bits != 3072 && bits != 4096) {
    return MakeError(StatusCode::kInvalidArgument, "RSA keys are made with 3,072 or 4,096 bits");
  }
  const PkeyPtr key(EVP_RSA_gen(static_cast<unsigned int>(bits)));
  if (!key) return OpenSslError("RSA key generation");
  ASSIGN_OR_RETURN(const SecretBytes pem, PrivateKeyToPem(key.get()));
  return FromPem(pem);
}

StatusOr<RsaPrivateKey> RsaPrivateKey::FromPem(const SecretBytes& pem) {
  ASSIGN_OR_RETURN(PkeyPtr key, PrivateKeyFromPem(pem));
  RETURN_IF_ERROR(CheckKey(key.get()));
  ASSIGN_OR_RETURN(Bytes spki, SpkiOf(key.get()));
  return RsaPrivateKey(RsaPublicKey(std::shared_ptr<EVP_PKEY>(std::move(key)), std::move(spki)));
}

StatusOr<SecretBytes> RsaPrivateKey::PrivatePem() const {
  return PrivateKeyToPem(public_.key_.get());
}

StatusOr<SecretBytes> RsaPrivateKey::Decrypt(std::string_view label, ByteView ciphertext) const {
  EVP_PKEY* key = public_.key_.get();
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(key, nullptr));
  OaepParams params(label);
  if (!context || EVP_PKEY_decrypt_init_ex(context.get(), params.list) != 1) {
    return OpenSslError("RSA-OAEP set-up");
  }
  ASSIGN_OR_RETURN(SecretBytes buffer,
                   SecretBytes::Create(static_cast<size_t>(EVP_PKEY_get_size(key))));
  size_t size = buffer.size();
  const bool ok = buffer.RevealMutable([&](std::span<uint8_t> out) {
    return EVP_PKEY_decrypt(context.get(), out.data(), &size, ciphertext.data(),
                            ciphertext.size()) == 1;
  });
  if (!ok || size == 0) {
    ClearOpenSslErrors();
    return Refused("SHARE_NOT_FOR_THIS_KEY",
                   "RSA-OAEP does not decrypt: other key, other label or changed bytes");
  }
  return buffer.Reveal([&](ByteView out) { return SecretBytes::CopyOf(out.first(size)); });
}

}  // namespace kedge
