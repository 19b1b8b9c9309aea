#include "crypto/ecdh.h"

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

size_t FieldSize(Curve curve) { return curve == Curve::kP256 ? 32 : 48; }

}  // namespace

StatusOr<SecretBytes> EcdhSharedX(const SigningKey& own, const VerifyKey& peer) {
  if (own.public_key().curve() != peer.curve()) {
    return MakeError(StatusCode::kInvalidArgument, "ECDH needs two keys on one curve");
  }
  ASSIGN_OR_RETURN(const PkeyPtr peer_key, PublicKeyFromSpki(peer.spki()));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.native(), nullptr));
  size_t size = FieldSize(peer.curve());
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(size));
  const bool good = context && EVP_PKEY_derive_init(context.get()) == 1 &&
                    EVP_PKEY_derive_set_peer(context.get(), peer_key.get()) == 1 &&
                    out.RevealMutable([&](std::span<uint8_t> buffer) {
                      return EVP_PKEY_derive(context.get(), buffer.data(), &size);
                    }) == 1 &&
                    size == out.size();
  if (!good) return OpenSslError("ECDH");
  return out;
}

EcPoint PointOf(const VerifyKey& key) {
  // The SubjectPublicKeyInfo of a named curve ends in the uncompressed point 04 || x || y.
  const size_t size = FieldSize(key.curve());
  const ByteView point = ByteView(key.spki()).last(2 * size);
  return {ToBytes(point.first(size)), ToBytes(point.last(size))};
}

}  // namespace kedge
