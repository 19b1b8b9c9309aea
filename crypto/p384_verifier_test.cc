#include "crypto/p384_verifier.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "base/status_matchers.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"
#include "crypto/openssl_ptr.h"
#include "crypto/testing/test_pki.h"

namespace kedge {
namespace {

using kedge::testing::TestKey;

constexpr size_t kField = 48;

// Arithmetic modulo the order of P-384, to make the signatures that no honest signer makes.
class Order {
 public:
  Order() : group_(EC_GROUP_new_by_curve_name(NID_secp384r1)), context_(BN_CTX_new()) {}
  ~Order() { BN_CTX_free(context_); }
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;

  const BIGNUM* value() const { return EC_GROUP_get0_order(group_.get()); }

  Bytes Sum(const Bytes& a, const Bytes& b) const { return Do(a, b, BN_mod_add); }
  Bytes Difference(const Bytes& a, const Bytes& b) const { return Do(a, b, BN_mod_sub); }
  Bytes Product(const Bytes& a, const Bytes& b) const { return Do(a, b, BN_mod_mul); }
  Bytes Inverse(const Bytes& a) const {
    const BnPtr in = From(a);
    const BnPtr out(BN_mod_inverse(nullptr, in.get(), value(), context_));
    return To(out.get());
  }
  // The public key or nonce point of a scalar: x || y.
  ByteArray<2 * kField> Times(const Bytes& scalar) const {
    const BnPtr in = From(scalar);
    const EcPointPtr point(EC_POINT_new(group_.get()));
    EXPECT_EQ(EC_POINT_mul(group_.get(), point.get(), in.get(), nullptr, nullptr, context_), 1);
    ByteArray<1 + 2 * kField> encoded{};
    EXPECT_EQ(EC_POINT_point2oct(group_.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                                 encoded.data(), encoded.size(), context_),
              encoded.size());
    ByteArray<2 * kField> out{};
    std::copy(encoded.begin() + 1, encoded.end(), out.begin());
    return out;
  }
  // The x of such a point, modulo the order.
  Bytes R(const Bytes& nonce) const {
    const ByteArray<2 * kField> point = Times(nonce);
    return Sum(Bytes(point.begin(), point.begin() + kField), Bytes(kField, 0));
  }

  static BnPtr From(const Bytes& bytes) {
    return BnPtr(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  }
  static Bytes To(const BIGNUM* number) {
    Bytes out(kField);
    EXPECT_EQ(BN_bn2binpad(number, out.data(), kField), static_cast<int>(kField));
    return out;
  }
  static Bytes Small(uint8_t number) {
    Bytes out(kField, 0);
    out.back() = number;
    return out;
  }
  // The order itself, and numbers around it.
  Bytes OrderPlus(int addend) const {
    const BnPtr out(BN_dup(value()));
    EXPECT_EQ(addend >= 0 ? BN_add_word(out.get(), static_cast<BN_ULONG>(addend))
                          : BN_sub_word(out.get(), static_cast<BN_ULONG>(-addend)),
              1);
    return To(out.get());
  }

 private:
  template <typename F>
  Bytes Do(const Bytes& a, const Bytes& b, const F& operation) const {
    const BnPtr left = From(a);
    const BnPtr right = From(b);
    const BnPtr out(BN_new());
    EXPECT_EQ(operation(out.get(), left.get(), right.get(), value(), context_), 1);
    return To(out.get());
  }

  EcGroupPtr group_;
  BN_CTX* context_;
};

Bytes SpkiOfPoint(const ByteArray<2 * kField>& xy) {
  Bytes spki = TestKey::P384().Spki();
  std::copy(xy.begin(), xy.end(), spki.end() - 2 * static_cast<std::ptrdiff_t>(kField));
  return spki;
}

// What both libraries think; they must think the same.
class Judges {
 public:
  explicit Judges(const Bytes& spki)
      : ours_(*P384Verifier::FromSpki(spki)), reference_(*VerifyKey::FromSpki(spki)) {}

  bool Accept(ByteView digest, const Bytes& r, const Bytes& s) const {
    const bool ours = ours_.VerifyDigest(digest, r, s).ok();
    EXPECT_EQ(ours, reference_.VerifyDigestRs(digest, r, s).ok())
        << "digest " << ToHex(digest) << " r " << ToHex(r) << " s " << ToHex(s);
    return ours;
  }
  bool AcceptDer(const Bytes& message, const Bytes& signature) const {
    const bool ours = ours_.VerifyDigestDer(Sha384(message), signature).ok();
    EXPECT_EQ(ours, reference_.Verify(message, signature).ok()) << ToHex(signature);
    return ours;
  }

 private:
  P384Verifier ours_;
  VerifyKey reference_;
};

TEST(P384Verifier, AgreesWithOpenSslOnHonestAndOnChangedSignatures) {
  for (uint8_t i = 0; i < 16; ++i) {
    const TestKey key = TestKey::P384();
    const Judges judges(key.Spki());
    const Bytes message(i, 0x5A);
    const Bytes rs = key.SignRs(message);
    const Bytes r(rs.begin(), rs.begin() + kField);
    const Bytes s(rs.begin() + kField, rs.end());
    Sha384Digest digest = Sha384(message);
    EXPECT_TRUE(judges.Accept(digest, r, s));
    for (size_t at = 0; at < kField; at += 5) {
      Bytes bad = r;
      bad[at] ^= 1;
      EXPECT_FALSE(judges.Accept(digest, bad, s));
      bad = s;
      bad[at] ^= 0x80;
      EXPECT_FALSE(judges.Accept(digest, r, bad));
      digest[at] ^= 1;
      EXPECT_FALSE(judges.Accept(digest, r, s));
      digest[at] ^= 1;
    }
    EXPECT_FALSE(judges.Accept(digest, s, r));
  }
}

TEST(P384Verifier, NumbersOutsideTheOrderAreNoSignature) {
  const Order order;
  const TestKey key = TestKey::P384();
  const Judges judges(key.Spki());
  const Bytes message = {1, 2, 3};
  const Sha384Digest digest = Sha384(message);
  const Bytes rs = key.SignRs(message);
  const Bytes r(rs.begin(), rs.begin() + kField);
  const Bytes s(rs.begin() + kField, rs.end());
  const Bytes edges[] = {Bytes(),
                         Bytes(kField, 0),
                         order.Small(1),
                         order.OrderPlus(-1),
                         order.OrderPlus(0),
                         order.OrderPlus(1),
                         Bytes(kField, 0xFF)};
  for (const Bytes& edge : edges) {
    EXPECT_FALSE(judges.Accept(digest, edge, s));
    EXPECT_FALSE(judges.Accept(digest, r, edge));
    for (const Bytes& other : edges) EXPECT_FALSE(judges.Accept(digest, edge, other));
  }
  // Of two signatures that differ by their sign both are good (SEC 1, 4.1.4): no check of ours may
  // rest on there being one.
  EXPECT_TRUE(judges.Accept(digest, r, order.Difference(Bytes(kField, 0), s)));
  const StatusOr<P384Verifier> verifier = P384Verifier::FromSpki(key.Spki());
  EXPECT_THAT(verifier->VerifyDigest(digest, Bytes(kField + 1, 0), s), HasFault("MALFORMED"));
  EXPECT_THAT(verifier->VerifyDigest(Bytes(), r, s), HasFault("MALFORMED"));
  EXPECT_THAT(verifier->VerifyDigest(Bytes(65, 1), r, s), HasFault("MALFORMED"));
}

// The two halves of the sum are the same point, opposite ones, or infinity: where a library adds
// points without looking, it is wrong exactly here.
TEST(P384Verifier, AgreesWithOpenSslWhereTheSumDegenerates) {
  const Order order;
  const Bytes nonce(kField, 0x17);
  const Bytes r = order.R(nonce);
  for (const Bytes& scalar : {order.Small(1), order.Small(2), Bytes(kField, 0x2B)}) {
    const Judges judges(SpkiOfPoint(order.Times(scalar)));
    const auto s_for = [&](const Bytes& digest) {
      return order.Product(order.Inverse(nonce), order.Sum(digest, order.Product(r, scalar)));
    };
    const Bytes doubled = order.Product(r, scalar);  // digest = r d: both halves are one point
    EXPECT_TRUE(judges.Accept(doubled, r, s_for(doubled)));
    const Bytes zero(kField, 0);  // the first half is infinity
    EXPECT_TRUE(judges.Accept(zero, r, s_for(zero)));
    const Bytes cancelled = order.Difference(zero, doubled);  // the sum is infinity
    EXPECT_FALSE(judges.Accept(cancelled, r, nonce));
    EXPECT_FALSE(judges.Accept(cancelled, r, order.Small(1)));
    const Bytes ones(kField, 0xFF);  // a digest beyond the order
    EXPECT_TRUE(judges.Accept(ones, r, s_for(ones)));
  }
}

TEST(P384Verifier, DigestsOfOtherSizesCountAsOpenSslCountsThem) {
  const Order order;
  const Bytes nonce(kField, 0x17);
  const Bytes scalar(kField, 0x2B);
  const Bytes r = order.R(nonce);
  const Judges judges(SpkiOfPoint(order.Times(scalar)));
  for (const size_t size : {size_t{1}, size_t{20}, size_t{32}, size_t{48}, size_t{64}}) {
    const Bytes digest(size, 0x6D);
    Bytes number(kField, 0);  // the leftmost 48 bytes
    const size_t used = std::min(size, kField);
    std::copy(digest.begin(), digest.begin() + static_cast<std::ptrdiff_t>(used),
              number.end() - static_cast<std::ptrdiff_t>(used));
    const Bytes s =
        order.Product(order.Inverse(nonce), order.Sum(number, order.Product(r, scalar)));
    EXPECT_TRUE(judges.Accept(digest, r, s)) << size;
  }
}

TEST(P384Verifier, OnlyOneEncodingOfASignatureCounts) {
  const TestKey key = TestKey::P384();
  const Judges judges(key.Spki());
  const Bytes message = {1, 2, 3};
  // A signature whose r has its top bit set is encoded with a zero before it.
  Bytes good;
  do {
    good = key.Sign(message);
  } while (good[3] != 0x31);
  EXPECT_TRUE(judges.AcceptDer(message, good));
  const auto refused = [&](Bytes bad) { EXPECT_FALSE(judges.AcceptDer(message, bad)); };
  refused({});
  refused({0x30, 0x00});
  refused({0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00});
  refused({0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01});
  refused({0x30, 0x06, 0x02, 0x01, 0xFF, 0x02, 0x01, 0x01});  // negative
  Bytes bad = good;
  bad.push_back(0);  // after the sequence
  refused(bad);
  bad = good;
  bad.pop_back();
  refused(bad);
  bad = good;  // a negative r: its zero in front taken away
  bad.erase(bad.begin() + 4);
  --bad[1];
  --bad[3];
  refused(bad);
  bad = good;  // one zero more than needed
  bad.insert(bad.begin() + 4, 0);
  ++bad[1];
  ++bad[3];
  refused(bad);
  bad = good;  // the length in a longer form
  bad.insert(bad.begin() + 1, 0x81);
  refused(bad);
  bad = good;  // indefinite length
  bad[1] = 0x80;
  bad.insert(bad.end(), {0, 0});
  refused(bad);
  for (size_t at = 0; at < good.size(); ++at) {
    bad = good;
    bad[at] ^= 1;
    refused(bad);
  }
}

TEST(P384Verifier, RefusesWhatIsNoKeyOfTheCurve) {
  const Bytes good = TestKey::P384().Spki();
  EXPECT_OK(P384Verifier::FromSpki(good));
  const auto refused = [](const Bytes& spki) {
    EXPECT_THAT(P384Verifier::FromSpki(spki), HasFault("MALFORMED")) << ToHex(spki);
    EXPECT_THAT(VerifyKey::FromSpki(spki), HasFault("MALFORMED")) << ToHex(spki);
  };
  refused({});
  Bytes bad = good;
  bad.back() ^= 1;  // off the curve
  refused(bad);
  bad = good;
  bad.pop_back();
  refused(bad);
  bad = good;
  bad.push_back(0);
  refused(bad);
  bad = good;
  bad[good.size() - 97] = 6;  // the hybrid form
  refused(bad);
  const auto point = [&](uint8_t fill) {
    Bytes out = good;
    std::fill(out.end() - 2 * static_cast<std::ptrdiff_t>(kField), out.end(), fill);
    return out;
  };
  refused(point(0x00));  // how some write infinity
  refused(point(0xFF));  // beyond the field
  // x + p is the same residue as x, but no coordinate.
  ByteArray<2 * kField> beyond{};
  const BnPtr x(BN_new());
  BIGNUM* prime = nullptr;
  ASSERT_GT(BN_hex2bn(&prime,
                      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffff"
                      "ffff0000000000000000ffffffff"),
            0);
  const BnPtr p(prime);
  ASSERT_EQ(BN_copy(x.get(), p.get()), x.get());
  for (int i = 0; i < 64; ++i) {  // points with a small x: x + p still has 48 bytes
    ASSERT_EQ(BN_add_word(x.get(), 1), 1);
    const EcGroupPtr group(EC_GROUP_new_by_curve_name(NID_secp384r1));
    const EcPointPtr candidate(EC_POINT_new(group.get()));
    const BnPtr small(BN_new());
    ASSERT_EQ(BN_sub(small.get(), x.get(), p.get()), 1);
    if (EC_POINT_set_compressed_coordinates(group.get(), candidate.get(), small.get(), 0,
                                            nullptr) != 1) {
      ClearOpenSslErrors();
      continue;
    }
    const BnPtr y(BN_new());
    ASSERT_EQ(EC_POINT_get_affine_coordinates(group.get(), candidate.get(), small.get(), y.get(),
                                              nullptr),
              1);
    ASSERT_EQ(BN_bn2binpad(small.get(), beyond.data(), kField), static_cast<int>(kField));
    ASSERT_EQ(BN_bn2binpad(y.get(), beyond.data() + kField, kField), static_cast<int>(kField));
    EXPECT_OK(P384Verifier::FromPoint(beyond));
    ASSERT_EQ(BN_bn2binpad(x.get(), beyond.data(), kField), static_cast<int>(kField));
    refused(SpkiOfPoint(beyond));
  }
  refused(TestKey::Rsa(2048).Spki());
  EXPECT_THAT(P384Verifier::FromSpki(TestKey::P256().Spki()), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
