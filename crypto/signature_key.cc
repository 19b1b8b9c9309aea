#include "crypto/signature_key.h"

#include <openssl/rsa.h>

#include "crypto/digest.h"
#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

constexpr int kMinRsaBits = 2048;

Status BadSignature() {
  return Refused("BAD_SIGNATURE", "signature does not fit the key and the bytes");
}

// The algorithm's name up to its hash, and the hash.
struct Algorithm {
  std::string_view scheme;
  std::string_view hash;
};

Algorithm Split(std::string_view name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return {name, {}};
  return {name.substr(0, dash), name.substr(dash + 1)};
}

Bytes DigestOf(std::string_view hash, ByteView message) {
  if (hash == "sha256") return ToBytes(ByteView(Sha256(message)));
  if (hash == "sha384") return ToBytes(ByteView(Sha384(message)));
  if (hash == "sha512") return ToBytes(ByteView(Sha512(message)));
  return {};
}

const EVP_MD* NativeHashOf(std::string_view hash) {
  return hash == "sha256"   ? EVP_sha256()
         : hash == "sha384" ? EVP_sha384()
         : hash == "sha512" ? EVP_sha512()
                            : nullptr;
}

Status VerifyRsa(EVP_PKEY* key, Algorithm algorithm, ByteView digest, ByteView signature) {
  const bool pss = algorithm.scheme == "rsassa-pss";
  if (!pss && algorithm.scheme != "rsa") return BadSignature();
  const EVP_MD* hash = NativeHashOf(algorithm.hash);
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool good =
      context && EVP_PKEY_verify_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(context.get(),
                                   pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
      EVP_PKEY_CTX_set_signature_md(context.get(), hash) == 1 &&
      // The name means MGF1 with the same hash, which is the default, and a salt as long as it.
      (!pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) == 1) &&
      EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(),
                      digest.size()) == 1;
  if (good) return absl::OkStatus();
  ClearOpenSslErrors();
  return BadSignature();
}

// nullptr where it is no RSA key.
std::shared_ptr<EVP_PKEY> RsaKey(ByteView spki) {
  const uint8_t* position = spki.data();
  PkeyPtr key(d2i_PUBKEY(nullptr, &position, static_cast<long>(spki.size())));
  ClearOpenSslErrors();
  if (!key || position != spki.data() + spki.size() || EVP_PKEY_get_id(key.get()) != EVP_PKEY_RSA) {
    return nullptr;
  }
  return std::shared_ptr<EVP_PKEY>(std::move(key));
}

}  // namespace

SignatureKey SignatureKey::FromSpki(ByteView spki) {
  SignatureKey out;
  if (StatusOr<P256Verifier> p256 = P256Verifier::FromSpki(spki); p256.ok()) {
    out.key_ = *std::move(p256);
    out.bits_ = 256;
  } else if (StatusOr<P384Verifier> p384 = P384Verifier::FromSpki(spki); p384.ok()) {
    out.key_ = *std::move(p384);
    out.bits_ = 384;
  } else if (std::shared_ptr<EVP_PKEY> rsa = RsaKey(spki); rsa != nullptr) {
    out.bits_ = EVP_PKEY_get_bits(rsa.get());
    out.key_ = std::move(rsa);
  }
  return out;
}

KeyKind SignatureKey::kind() const {
  constexpr KeyKind kKinds[] = {KeyKind::kOther, KeyKind::kRsa, KeyKind::kEcP256, KeyKind::kEcP384};
  return kKinds[key_.index()];
}

bool SignatureKey::usable() const {
  return kind() != KeyKind::kOther && (kind() != KeyKind::kRsa || bits_ >= kMinRsaBits);
}

Status SignatureKey::Verify(std::string_view name, ByteView message, ByteView signature) const {
  const Algorithm algorithm = Split(name);
  const Bytes digest = DigestOf(algorithm.hash, message);
  if (digest.empty()) return BadSignature();
  if (const auto* rsa = std::get_if<std::shared_ptr<EVP_PKEY>>(&key_)) {
    return VerifyRsa(rsa->get(), algorithm, digest, signature);
  }
  if (algorithm.scheme != "ecdsa") return BadSignature();
  if (const auto* p256 = std::get_if<P256Verifier>(&key_)) {
    return p256->VerifyDigestDer(digest, signature);
  }
  if (const auto* p384 = std::get_if<P384Verifier>(&key_)) {
    return p384->VerifyDigestDer(digest, signature);
  }
  return BadSignature();
}

}  // namespace kedge
