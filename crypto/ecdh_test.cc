#include "crypto/ecdh.h"

#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

SigningKey Key(Curve curve, std::string_view scalar) {
  return SigningKey::FromScalar(curve, SecretHex(scalar)).value();
}

// RFC 5903, sections 8.1 and 8.2.
TEST(Ecdh, SharedCoordinateOfRfc5903) {
  const SigningKey p256_i =
      Key(Curve::kP256, "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
  const SigningKey p256_r =
      Key(Curve::kP256, "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53");
  ASSERT_OK_AND_ASSIGN(const SecretBytes p256, EcdhSharedX(p256_i, p256_r.public_key()));
  EXPECT_EQ(HexOfSecret(p256), "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
  const SigningKey p384_i = Key(Curve::kP384,
                                "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
                                "e35b538041e649ee3faef896783ab194");
  const SigningKey p384_r = Key(Curve::kP384,
                                "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942"
                                "e0308312916b8ed2960e4bd55a7448fc");
  for (const auto& [own, peer] : {std::pair(&p384_i, &p384_r), std::pair(&p384_r, &p384_i)}) {
    ASSERT_OK_AND_ASSIGN(const SecretBytes p384, EcdhSharedX(*own, peer->public_key()));
    EXPECT_EQ(HexOfSecret(p384),
              "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
              "d603135569b9e9d09cf5d4a270f59746");
  }
}

TEST(Ecdh, CurvesMustAgree) {
  ASSERT_OK_AND_ASSIGN(const SigningKey p256, SigningKey::Generate(Curve::kP256));
  ASSERT_OK_AND_ASSIGN(const SigningKey p384, SigningKey::Generate(Curve::kP384));
  EXPECT_THAT(EcdhSharedX(p256, p384.public_key()), HasCode(StatusCode::kInvalidArgument));
}

TEST(Ecdh, PointMakesTheSameKey) {
  for (Curve curve : {Curve::kP256, Curve::kP384}) {
    ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(curve));
    const EcPoint point = PointOf(key.public_key());
    ASSERT_OK_AND_ASSIGN(const VerifyKey again, VerifyKey::FromPoint(curve, point.x, point.y));
    EXPECT_EQ(again.spki(), key.public_key().spki());
  }
}

}  // namespace
}  // namespace kedge
