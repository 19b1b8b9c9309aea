#include "crypto/p384_verifier.h"

#include <gmp.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <openssl/ec.h>

#include "crypto/asn1.h"
#include "crypto/ecdsa.h"
#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

constexpr size_t kField = 48;
constexpr size_t kMaxDigest = 64;

// SubjectPublicKeyInfo up to the coordinates.
constexpr uint8_t kSpkiPrefix[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86,
                                   0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B,
                                   0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};

Status BadSignature() {
  return Refused("BAD_SIGNATURE", "ECDSA signature does not fit the key and the digest");
}

// An integer of GMP from big-endian bytes; never negative.
class Number {
 public:
  explicit Number(ByteView bytes) {
    mpz_init(value_);
    mpz_import(value_, bytes.size(), /*order=*/1, /*size=*/1, /*endian=*/0, /*nails=*/0,
               bytes.data());
  }
  ~Number() { mpz_clear(value_); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;

  const mpz_t& value() const { return value_; }

 private:
  mpz_t value_;
};

struct PointFree {
  void operator()(ecc_point* point) const {
    ecc_point_clear(point);
    delete point;
  }
};

class Signature {
 public:
  Signature(ByteView r, ByteView s) {
    dsa_signature_init(&value_);
    mpz_import(value_.r, r.size(), 1, 1, 0, 0, r.data());
    mpz_import(value_.s, s.size(), 1, 1, 0, 0, s.data());
  }
  ~Signature() { dsa_signature_clear(&value_); }
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;

  const dsa_signature* get() const { return &value_; }

 private:
  dsa_signature value_;
};

}  // namespace

StatusOr<P384Verifier> P384Verifier::FromPoint(const ByteArray<96>& xy) {
  const ByteView view(xy);
  const Number x(view.first(kField));
  const Number y(view.last(kField));
  auto* point = new ecc_point;
  ecc_point_init(point, nettle_get_secp_384r1());
  std::shared_ptr<ecc_point> key(point, PointFree());
  // Refuses coordinates beyond the field and points off the curve; the curve's order is prime, so
  // that every other point is a public key, and infinity has no such coordinates.
  if (ecc_point_set(point, x.value(), y.value()) != 1) return Malformed("not a point of P-384");
  return P384Verifier(std::move(key), xy);
}

StatusOr<P384Verifier> P384Verifier::FromSpki(ByteView spki) {
  constexpr size_t kPrefix = sizeof kSpkiPrefix;
  if (spki.size() != kPrefix + 2 * kField || !Equal(spki.first(kPrefix), kSpkiPrefix)) {
    return Malformed("not the uncompressed public key of P-384");
  }
  return FromPoint(*ToArray<2 * kField>(spki.last(2 * kField)));
}

Status P384Verifier::VerifyDigest(ByteView digest, ByteView r, ByteView s) const {
  if (digest.empty() || digest.size() > kMaxDigest || r.size() > kField || s.size() > kField) {
    return Malformed("ECDSA digest or signature of a wrong size");
  }
  const Signature signature(r, s);
  if (ecdsa_verify(key_.get(), digest.size(), digest.data(), signature.get()) == 1) {
    return absl::OkStatus();
  }
  // nettle 3.8 refuses good signatures whose two halves are one point (u1 G = u2 Q), for it adds
  // them without doubling. Nobody meets one by chance, but no valid signature may be refused.
  const ByteView xy(xy_);
  ASSIGN_OR_RETURN(const VerifyKey reference,
                   VerifyKey::FromPoint(Curve::kP384, xy.first(kField), xy.last(kField)));
  return reference.VerifyDigestRs(digest, r, s);
}

Status P384Verifier::VerifyDigestDer(ByteView digest, ByteView signature) const {
  const uint8_t* position = signature.data();
  const EcdsaSigPtr parsed(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(signature.size())));
  if (!parsed) {
    ClearOpenSslErrors();
    return BadSignature();
  }
  // Only one encoding counts, as OpenSSL has it: others would let a signature be changed.
  ASSIGN_OR_RETURN(const Bytes again, EncodeWith<ECDSA_SIG>(i2d_ECDSA_SIG, parsed.get()));
  ByteArray<kField> r{};
  ByteArray<kField> s{};
  const BIGNUM* r_number = ECDSA_SIG_get0_r(parsed.get());
  const BIGNUM* s_number = ECDSA_SIG_get0_s(parsed.get());
  if (!Equal(again, signature) || BN_is_negative(r_number) != 0 || BN_is_negative(s_number) != 0 ||
      BN_bn2binpad(r_number, r.data(), kField) < 0 ||
      BN_bn2binpad(s_number, s.data(), kField) < 0) {
    ClearOpenSslErrors();
    return BadSignature();
  }
  return VerifyDigest(digest, r, s);
}

}  // namespace kedge
