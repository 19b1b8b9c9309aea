// The RSA interface is deprecated in OpenSSL 3.0: it verifies with the same code without asking
// providers, which is a fifth of what PKCS #1 costs through EVP.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/tpm_rsa.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpenSslFree<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpenSslFree<OSSL_PARAM_free>>;

Status BadSignature() {
  ClearOpenSslErrors();
  return Refused("BAD_SIGNATURE", "the RSA signature does not fit the key and the bytes");
}

}  // namespace

StatusOr<TpmRsaKey> TpmRsaKey::Checked(std::shared_ptr<evp_pkey_st> key) {
  const int bits = EVP_PKEY_get_bits(key.get());
  if (EVP_PKEY_is_a(key.get(), "RSA") != 1 || bits < 2048 || bits > 4096) {
    return Malformed("expected an RSA key of 2048 to 4096 bits");
  }
  ASSIGN_OR_RETURN(Bytes spki, SpkiOf(key.get()));
  std::shared_ptr<RSA> plain(EVP_PKEY_get1_RSA(key.get()), RSA_free);
  if (plain == nullptr) return OpenSslError("RSA key set-up");
  return TpmRsaKey(std::move(key), std::move(plain), std::move(spki));
}

StatusOr<TpmRsaKey> TpmRsaKey::FromModulus(ByteView modulus, uint32_t exponent) {
  if (modulus.size() < 256 || modulus.size() > 512 || (modulus.back() & 1) == 0) {
    return Malformed("expected an odd RSA modulus of 256 to 512 bytes, got " +
                     std::to_string(modulus.size()));
  }
  const uint32_t e = exponent == 0 ? 65537 : exponent;
  if (e < 3 || (e & 1) == 0) return Malformed("an RSA exponent is odd and at least 3");
  const BnPtr n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!n || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_uint(builder.get(), OSSL_PKEY_PARAM_RSA_E, e) != 1) {
    return OpenSslError("building an RSA key");
  }
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ClearOpenSslErrors();
    return Malformed("OpenSSL refuses this RSA modulus and exponent");
  }
  return Checked(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

StatusOr<TpmRsaKey> TpmRsaKey::FromSpki(ByteView der) {
  ASSIGN_OR_RETURN(PkeyPtr key, PublicKeyFromSpki(der));
  return Checked(std::shared_ptr<EVP_PKEY>(std::move(key)));
}

StatusOr<TpmRsaKey> TpmRsaKey::FromPem(std::string_view pem) {
  ASSIGN_OR_RETURN(const Bytes spki, SpkiFromPem(pem));
  return FromSpki(spki);
}

Status TpmRsaKey::VerifyDigest(RsaPadding padding, TpmHash hash, ByteView digest,
                               ByteView signature) const {
  if (digest.size() != TpmDigestSize(hash)) return BadSignature();
  return padding == RsaPadding::kPss ? VerifyPss(hash, digest, signature)
                                     : VerifyPkcs1(hash, digest, signature);
}

Status TpmRsaKey::VerifyPkcs1(TpmHash hash, ByteView digest, ByteView signature) const {
  const bool good = RSA_verify(EVP_MD_get_type(NativeHash(hash)), digest.data(),
                               static_cast<unsigned int>(digest.size()), signature.data(),
                               static_cast<unsigned int>(signature.size()), plain_.get()) == 1;
  return good ? absl::OkStatus() : BadSignature();
}

Status TpmRsaKey::VerifyPss(TpmHash hash, ByteView digest, ByteView signature) const {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  const bool good = context && EVP_PKEY_verify_init(context.get()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_signature_md(context.get(), NativeHash(hash)) == 1 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_AUTO) == 1 &&
                    EVP_PKEY_verify(context.get(), signature.data(), signature.size(),
                                    digest.data(), digest.size()) == 1;
  return good ? absl::OkStatus() : BadSignature();
}

StatusOr<Bytes> TpmRsaKey::EncryptOaep(TpmHash hash, ByteView label,
                                       const SecretBytes& plaintext) const {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), NativeHash(hash)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), NativeHash(hash)) != 1) {
    return OpenSslError("setting up OAEP");
  }
  // set0 takes ownership of memory from OpenSSL's allocator.
  void* owned_label = OPENSSL_memdup(label.data(), label.size());
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), owned_label,
                                       static_cast<int>(label.size())) != 1) {
    OPENSSL_free(owned_label);
    return OpenSslError("setting the OAEP label");
  }
  Bytes out(static_cast<size_t>(EVP_PKEY_get_size(key_.get())));
  size_t size = out.size();
  const int good = plaintext.Reveal([&](ByteView raw) {
    return EVP_PKEY_encrypt(context.get(), out.data(), &size, raw.data(), raw.size());
  });
  if (good != 1) return OpenSslError("RSA-OAEP");
  out.resize(size);
  return out;
}

}  // namespace kedge
