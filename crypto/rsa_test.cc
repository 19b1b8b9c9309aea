#include "crypto/rsa.h"

#include "crypto/ecdsa.h"
#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

// One key for all tests: making one takes up to a second.
const RsaPrivateKey& Key() {
  static const RsaPrivateKey key = RsaPrivateKey::Generate(3072).value();
  return key;
}

TEST(RsaOaep, DecryptsWhatItEncrypted) {
  const SecretBytes seed = SecretOf(Bytes(64, 9));
  ASSERT_OK_AND_ASSIGN(const Bytes sealed, Key().public_key().Encrypt("seedshare", seed));
  EXPECT_EQ(sealed.size(), 384U);
  ASSERT_OK_AND_ASSIGN(const SecretBytes opened, Key().Decrypt("seedshare", sealed));
  EXPECT_TRUE(opened.EqualsConstantTime(seed));
  EXPECT_EQ(opened.size(), 64U);
}

TEST(RsaOaep, RefusesOtherLabelKeyAndChangedBytes) {
  ASSERT_OK_AND_ASSIGN(Bytes sealed,
                       Key().public_key().Encrypt("seedshare", SecretOf(Bytes(64, 9))));
  EXPECT_THAT(Key().Decrypt("seedshard", sealed), HasFault("SHARE_NOT_FOR_THIS_KEY"));
  EXPECT_THAT(Key().Decrypt("", sealed), HasFault("SHARE_NOT_FOR_THIS_KEY"));
  EXPECT_THAT(Key().Decrypt("seedshare", {}), HasFault("SHARE_NOT_FOR_THIS_KEY"));
  ASSERT_OK_AND_ASSIGN(const RsaPrivateKey other, RsaPrivateKey::Generate(3072));
  EXPECT_THAT(other.Decrypt("seedshare", sealed), HasFault("SHARE_NOT_FOR_THIS_KEY"));
  for (size_t i = 0; i < sealed.size(); i += 37) {
    Bytes changed = sealed;
    changed[i] = static_cast<uint8_t>(changed[i] ^ 1);
    EXPECT_THAT(Key().Decrypt("seedshare", changed), HasFault("SHARE_NOT_FOR_THIS_KEY")) << i;
  }
}

// Sealed with `cryptography` (OAEP, MGF1-SHA256, SHA-256): hash, mask and label agree with others.
TEST(RsaOaep, OpensAnIndependentlySealedShare) {
#include "crypto/testdata/rsa_oaep_vector.inc"
  ASSERT_OK_AND_ASSIGN(const RsaPrivateKey key, RsaPrivateKey::FromPem(SecretOf(AsBytes(kKeyPem))));
  ASSERT_OK_AND_ASSIGN(const SecretBytes opened, key.Decrypt("seedshare", Hex(kSealed)));
  EXPECT_EQ(HexOfSecret(opened), kPlaintext);
}

TEST(RsaKeys, SurviveEachEncoding) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes pem, Key().PrivatePem());
  ASSERT_OK_AND_ASSIGN(const RsaPrivateKey again, RsaPrivateKey::FromPem(pem));
  EXPECT_EQ(again.public_key().spki(), Key().public_key().spki());
  ASSERT_OK_AND_ASSIGN(const RsaPublicKey from_pem,
                       RsaPublicKey::FromPem(Key().public_key().Pem()));
  EXPECT_EQ(from_pem.spki(), Key().public_key().spki());
  Bytes longer = Key().public_key().spki();
  longer.push_back(0);
  EXPECT_THAT(RsaPublicKey::FromSpki(longer), HasFault("MALFORMED"));
}

TEST(RsaKeys, RefusesShortKeysAndOtherKinds) {
  EXPECT_THAT(RsaPrivateKey::Generate(2048), HasCode(StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(const SigningKey ec, SigningKey::Generate(Curve::kP384));
  EXPECT_THAT(RsaPublicKey::FromSpki(ec.public_key().spki()), HasFault("MALFORMED"));
  ASSERT_OK_AND_ASSIGN(const SecretBytes ec_pem, ec.PrivatePem());
  EXPECT_THAT(RsaPrivateKey::FromPem(ec_pem), HasFault("MALFORMED"));
  EXPECT_THAT(SigningKey::FromPem(Key().PrivatePem().value()), HasFault("MALFORMED"));
}

TEST(RsaOaep, RefusesPlaintextThatDoesNotFit) {
  EXPECT_OK(Key().public_key().Encrypt("seedshare", SecretOf(Bytes(384 - 66, 1))));
  EXPECT_FALSE(Key().public_key().Encrypt("seedshare", SecretOf(Bytes(384 - 65, 1))).ok());
}

}  // namespace
}  // namespace kedge
