#include "crypto/ecdsa.h"

#include "crypto/digest.h"
#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

class Ecdsa : public testing::TestWithParam<Curve> {
 protected:
  SigningKey NewKey() const { return SigningKey::Generate(GetParam()).value(); }
};
INSTANTIATE_TEST_SUITE_P(Curves, Ecdsa, testing::Values(Curve::kP256, Curve::kP384),
                         [](const auto& tested) {
                           return tested.param == Curve::kP256 ? "P256" : "P384";
                         });

TEST_P(Ecdsa, SignsAndVerifies) {
  const SigningKey key = NewKey();
  ASSERT_OK_AND_ASSIGN(const Bytes signature, key.Sign(AsBytes("message")));
  EXPECT_OK(key.public_key().Verify(AsBytes("message"), signature));
  EXPECT_THAT(key.public_key().Verify(AsBytes("massage"), signature), HasFault("BAD_SIGNATURE"));
  EXPECT_THAT(NewKey().public_key().Verify(AsBytes("message"), signature),
              HasFault("BAD_SIGNATURE"));
  EXPECT_THAT(key.public_key().Verify(AsBytes("message"), {}), HasFault("BAD_SIGNATURE"));
}

TEST_P(Ecdsa, RefusesEveryFlippedByteAndAnyTail) {
  const SigningKey key = NewKey();
  ASSERT_OK_AND_ASSIGN(const Bytes signature, key.Sign(AsBytes("message")));
  for (size_t i = 0; i < signature.size(); ++i) {
    Bytes changed = signature;
    changed[i] = static_cast<uint8_t>(changed[i] ^ 1);
    EXPECT_THAT(key.public_key().Verify(AsBytes("message"), changed), HasFault("BAD_SIGNATURE"))
        << i;
  }
  Bytes longer = signature;
  longer.push_back(0);
  EXPECT_THAT(key.public_key().Verify(AsBytes("message"), longer), HasFault("BAD_SIGNATURE"));
}

TEST_P(Ecdsa, KeysSurviveEachEncoding) {
  const SigningKey key = NewKey();
  ASSERT_OK_AND_ASSIGN(const VerifyKey from_spki, VerifyKey::FromSpki(key.public_key().spki()));
  EXPECT_EQ(from_spki.curve(), GetParam());
  EXPECT_EQ(from_spki.spki(), key.public_key().spki());
  ASSERT_OK_AND_ASSIGN(const VerifyKey from_pem, VerifyKey::FromPem(key.public_key().Pem()));
  EXPECT_EQ(from_pem.spki(), key.public_key().spki());

  ASSERT_OK_AND_ASSIGN(const SecretBytes pem, key.PrivatePem());
  ASSERT_OK_AND_ASSIGN(const SigningKey again, SigningKey::FromPem(pem));
  EXPECT_EQ(again.public_key().spki(), key.public_key().spki());
  ASSERT_OK_AND_ASSIGN(const SecretBytes scalar, key.Scalar());
  ASSERT_OK_AND_ASSIGN(const SigningKey third, SigningKey::FromScalar(GetParam(), scalar));
  EXPECT_EQ(third.public_key().spki(), key.public_key().spki());
  ASSERT_OK_AND_ASSIGN(const Bytes signature, third.Sign(AsBytes("message")));
  EXPECT_OK(from_pem.Verify(AsBytes("message"), signature));
}

TEST_P(Ecdsa, RefusesSpkiThatIsNotExactlyThat) {
  const Bytes spki = NewKey().public_key().spki();
  Bytes longer = spki;
  longer.push_back(0);
  EXPECT_THAT(VerifyKey::FromSpki(longer), HasFault("MALFORMED"));
  EXPECT_THAT(VerifyKey::FromSpki(ByteView(spki).first(spki.size() - 1)), HasFault("MALFORMED"));
  EXPECT_THAT(VerifyKey::FromSpki({}), HasFault("MALFORMED"));
  Bytes off_curve = spki;
  off_curve.back() = static_cast<uint8_t>(off_curve.back() ^ 1);
  EXPECT_THAT(VerifyKey::FromSpki(off_curve), HasFault("MALFORMED"));
}

TEST_P(Ecdsa, RefusesPemWithOtherTextAroundIt) {
  const std::string pem = NewKey().public_key().Pem();
  EXPECT_OK(VerifyKey::FromPem(pem + "\n\n"));
  EXPECT_THAT(VerifyKey::FromPem("note\n" + pem), HasFault("MALFORMED"));
  EXPECT_THAT(VerifyKey::FromPem(pem + "note"), HasFault("MALFORMED"));
  EXPECT_THAT(VerifyKey::FromPem(pem + pem), HasFault("MALFORMED"));
  EXPECT_THAT(VerifyKey::FromPem(""), HasFault("MALFORMED"));
}

TEST_P(Ecdsa, RefusesScalarsOutOfRange) {
  const size_t size = GetParam() == Curve::kP256 ? 32 : 48;
  EXPECT_THAT(SigningKey::FromScalar(GetParam(), SecretOf(Bytes(size, 0))),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(SigningKey::FromScalar(GetParam(), SecretOf(Bytes(size, 0xFF))),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(SigningKey::FromScalar(GetParam(), SecretOf(Bytes(size - 1, 1))),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_OK(SigningKey::FromScalar(GetParam(), SecretOf(Bytes(size, 1))));
}

// RFC 6979 appendix A.2.5 (P-256, SHA-256, "sample"): key, point, and a signature as integers.
constexpr char kX[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
constexpr char kY[] = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr char kD[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
constexpr char kR[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
constexpr char kS[] = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

TEST(EcdsaVectors, Rfc6979) {
  ASSERT_OK_AND_ASSIGN(const VerifyKey key, VerifyKey::FromPoint(Curve::kP256, Hex(kX), Hex(kY)));
  ASSERT_OK_AND_ASSIGN(const SigningKey own, SigningKey::FromScalar(Curve::kP256, SecretHex(kD)));
  EXPECT_EQ(own.public_key().spki(), key.spki());

  const Sha256Digest digest = Sha256(AsBytes("sample"));
  EXPECT_OK(key.VerifyDigestRs(digest, Hex(kR), Hex(kS)));
  EXPECT_THAT(key.VerifyDigestRs(Sha256(AsBytes("simple")), Hex(kR), Hex(kS)),
              HasFault("BAD_SIGNATURE"));
  EXPECT_THAT(key.VerifyDigestRs(digest, Hex(kS), Hex(kR)), HasFault("BAD_SIGNATURE"));
  EXPECT_THAT(key.VerifyDigestRs(digest, {}, {}), HasFault("BAD_SIGNATURE"));
  EXPECT_THAT(key.VerifyDigestRs(digest, Bytes(33, 1), Hex(kS)), HasFault("MALFORMED"));
}

TEST(EcdsaVectors, RefusesPointsOffTheCurve) {
  EXPECT_THAT(VerifyKey::FromPoint(Curve::kP256, Hex(kY), Hex(kX)), HasFault("MALFORMED"));
  EXPECT_THAT(VerifyKey::FromPoint(Curve::kP256, {}, {}), HasFault("MALFORMED"));
  EXPECT_THAT(VerifyKey::FromPoint(Curve::kP256, Bytes(33, 1), Hex(kY)), HasFault("MALFORMED"));
  EXPECT_THAT(VerifyKey::FromPoint(Curve::kP384, Hex(kX), Hex(kY)), HasFault("MALFORMED"));
}

// Made by `openssl genpkey`: keys of other kinds and forms that must not pass.
TEST(EcdsaVectors, RefusesOtherKindsOfKeys) {
  constexpr char kEd25519[] =
      "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  EXPECT_THAT(VerifyKey::FromSpki(Hex(kEd25519)), HasFault("MALFORMED"));
  // The RFC 6979 point again, compressed: another encoding of a good key.
  const std::string compressed =
      std::string("3039301306072a8648ce3d020106082a8648ce3d03010703220003") + kX;
  EXPECT_THAT(VerifyKey::FromSpki(Hex(compressed)), HasFault("MALFORMED"));
  // secp256k1 generator.
  const std::string other_curve =
      "3056301006072a8648ce3d020106052b8104000a034200"
      "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
      "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
  EXPECT_THAT(VerifyKey::FromSpki(Hex(other_curve)), HasFault("MALFORMED"));
}

TEST(EcdsaVectors, PrivatePemNeedsNoPromptAndNoPassphrase) {
  EXPECT_THAT(SigningKey::FromPem(SecretOf(AsBytes("-----BEGIN PRIVATE KEY-----\n"))),
              HasFault("MALFORMED"));
  EXPECT_THAT(SigningKey::FromPem(SecretBytes()), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
