#include "crypto/x25519.h"

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

constexpr size_t kKeySize = 32;

StatusOr<PkeyPtr> PrivateKey(const SecretBytes& private_key) {
  PkeyPtr key = private_key.Reveal([](ByteView raw) {
    return PkeyPtr(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw.data(), raw.size()));
  });
  if (!key) return OpenSslError("X25519 private key");
  return key;
}

}  // namespace

StatusOr<X25519KeyPair> X25519KeyPair::Generate(Random& random) {
  ASSIGN_OR_RETURN(SecretBytes private_key, random.Secret(kKeySize));
  return FromPrivate(std::move(private_key));
}

StatusOr<X25519KeyPair> X25519KeyPair::FromPrivate(SecretBytes private_key) {
  if (private_key.size() != kKeySize) {
    return MakeError(StatusCode::kInvalidArgument, "X25519 private key must be 32 bytes");
  }
  ASSIGN_OR_RETURN(const PkeyPtr key, PrivateKey(private_key));
  X25519Public public_key{};
  size_t size = public_key.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) != 1 ||
      size != public_key.size()) {
    return OpenSslError("X25519 public key");
  }
  return X25519KeyPair(std::move(private_key), public_key);
}

StatusOr<SecretBytes> X25519KeyPair::Agree(const X25519Public& peer) const {
  ASSIGN_OR_RETURN(const PkeyPtr own, PrivateKey(private_));
  const PkeyPtr other(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size()));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(own.get(), nullptr));
  if (!other || !context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), other.get()) != 1) {
    return OpenSslError("X25519 set-up");
  }
  ASSIGN_OR_RETURN(SecretBytes shared, SecretBytes::Create(kKeySize));
  const bool derived = shared.RevealMutable([&](std::span<uint8_t> out) {
    size_t size = out.size();
    return EVP_PKEY_derive(context.get(), out.data(), &size) == 1 && size == out.size();
  });
  // With keys of the right form OpenSSL fails here only for the all-zero result (RFC 7748
  // section 6.1). Checked again below: this abort carries the key exchange.
  ASSIGN_OR_RETURN(const SecretBytes zero, SecretBytes::Create(kKeySize));
  if (!derived || shared.EqualsConstantTime(zero)) {
    ClearOpenSslErrors();
    return Refused("LOW_ORDER_KEY", "the peer's X25519 key is of low order");
  }
  return shared;
}

}  // namespace kedge
