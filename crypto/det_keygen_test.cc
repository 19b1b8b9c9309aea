#include "crypto/det_keygen.h"

#include <string>

#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

std::string ScalarOf(Curve curve, const SecretBytes& secret) {
  return HexOfSecret(DeterministicKey(curve, secret).value().Scalar().value());
}

constexpr char kCounting[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

// Computed with an independent implementation from the text of c2sp.org/det-keygen.
TEST(DetKeygen, KnownAnswers) {
  EXPECT_EQ(ScalarOf(Curve::kP256, SecretHex(kCounting)),
            "f0c948308de57a854a267c83918aecaa72d3f20549be9ec047122cdd51c4809d");
  EXPECT_EQ(ScalarOf(Curve::kP384, SecretHex(kCounting)),
            "a47fc7c0c830a1196cd1d8ed198123721c721f4f769d069d789bb1dc5199f897"
            "c7e2b047877c6774d3a54f0321082171");
}

// Step 11: the specification names this secret, whose first candidate exceeds the order.
TEST(DetKeygen, RetriesOnceForP256) {
  EXPECT_EQ(ScalarOf(Curve::kP256, SecretHex("b432f9be30890480298218510559aed7")),
            "8e33078565bd7d1f9f81011fa8b788632af840074ab0eb31f8022b77547d61f3");
}

TEST(DetKeygen, RefusesShortSecrets) {
  EXPECT_THAT(DeterministicKey(Curve::kP256, SecretOf(Bytes(15, 1))),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_OK(DeterministicKey(Curve::kP256, SecretOf(Bytes(16, 1))));
  EXPECT_THAT(DeterministicKey(Curve::kP384, SecretOf(Bytes(23, 1))),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_OK(DeterministicKey(Curve::kP384, SecretOf(Bytes(24, 1))));
}

TEST(DetKeygen, CurvesAndSecretsSeparateKeys) {
  const std::string key = ScalarOf(Curve::kP256, SecretOf(Bytes(32, 1)));
  EXPECT_EQ(ScalarOf(Curve::kP256, SecretOf(Bytes(32, 1))), key);
  EXPECT_NE(ScalarOf(Curve::kP256, SecretOf(Bytes(32, 2))), key);
  EXPECT_NE(ScalarOf(Curve::kP384, SecretOf(Bytes(32, 1))).substr(0, 64), key);
}

}  // namespace
}  // namespace kedge
