// The EC_KEY interface is deprecated in OpenSSL 3.0 and is all there is that takes a point without
// going through providers; it runs the same code for the curve.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/p256_verifier.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

#include <algorithm>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

// SubjectPublicKeyInfo up to the coordinates.
constexpr uint8_t kSpkiPrefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                   0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                   0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

const EC_GROUP* Group() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

}  // namespace

StatusOr<P256Verifier> P256Verifier::FromPoint(const ByteArray<64>& xy) {
  ByteArray<65> encoded;
  encoded[0] = POINT_CONVERSION_UNCOMPRESSED;
  std::copy(xy.begin(), xy.end(), encoded.begin() + 1);
  std::shared_ptr<EC_KEY> key(EC_KEY_new(), EC_KEY_free);
  const EC_GROUP* group = Group();
  if (key == nullptr || group == nullptr || EC_KEY_set_group(key.get(), group) != 1) {
    return OpenSslError("P-256 set-up");
  }
  const EcPointPtr point(EC_POINT_new(group));
  // Reading the point checks that it is on the curve; the curve's order is prime, so that every
  // such point but infinity, which has no such encoding, is a public key.
  if (!point ||
      EC_POINT_oct2point(group, point.get(), encoded.data(), encoded.size(), nullptr) != 1 ||
      EC_KEY_set_public_key(key.get(), point.get()) != 1) {
    ClearOpenSslErrors();
    return Malformed("not a point of P-256");
  }
  return P256Verifier(std::move(key));
}

StatusOr<P256Verifier> P256Verifier::FromSpki(ByteView spki) {
  constexpr size_t kPrefix = sizeof kSpkiPrefix;
  if (spki.size() != kPrefix + 64 || !Equal(spki.first(kPrefix), kSpkiPrefix)) {
    return Malformed("not the uncompressed public key of P-256");
  }
  return FromPoint(*ToArray<64>(spki.last(64)));
}

Status P256Verifier::VerifyDigest(const ByteArray<32>& digest, const ByteArray<64>& rs) const {
  const EcdsaSigPtr signature(ECDSA_SIG_new());
  BnPtr r(BN_bin2bn(rs.data(), 32, nullptr));
  BnPtr s(BN_bin2bn(rs.data() + 32, 32, nullptr));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
    return OpenSslError("P-256 set-up");
  }
  // Both now belong to the signature.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  if (ECDSA_do_verify(digest.data(), static_cast<int>(digest.size()), signature.get(),
                      key_.get()) != 1) {
    ClearOpenSslErrors();
    return Refused("BAD_SIGNATURE", "ECDSA signature does not fit the key and the digest");
  }
  return absl::OkStatus();
}

Status P256Verifier::VerifyDigestDer(ByteView digest, ByteView signature) const {
  // ECDSA_verify refuses every encoding but the canonical one.
  if (ECDSA_verify(0, digest.data(), static_cast<int>(digest.size()), signature.data(),
                   static_cast<int>(signature.size()), key_.get()) != 1) {
    ClearOpenSslErrors();
    return Refused("BAD_SIGNATURE", "ECDSA signature does not fit the key and the digest");
  }
  return absl::OkStatus();
}

}  // namespace kedge
