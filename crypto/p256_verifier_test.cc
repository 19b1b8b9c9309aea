#include "crypto/p256_verifier.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"

namespace kedge {
namespace {

// The two integers of a signature in DER.
ByteArray<64> ToRs(const Bytes& der) {
  ByteArray<64> out{};
  size_t at = 2;
  for (const size_t end : {size_t{32}, size_t{64}}) {
    const size_t size = der[at + 1];
    const size_t used = std::min<size_t>(size, 32);
    for (size_t i = 0; i < used; ++i) out[end - 1 - i] = der[at + 1 + size - i];
    at += 2 + size;
  }
  return out;
}

TEST(P256Verifier, AgreesWithTheEvpKey) {
  for (int i = 0; i < 32; ++i) {
    const Bytes message(static_cast<size_t>(i), 0x5A);
    ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(Curve::kP256));
    ASSERT_OK_AND_ASSIGN(const Bytes der, key.Sign(message));
    ASSERT_OK_AND_ASSIGN(const P256Verifier verifier,
                         P256Verifier::FromSpki(key.public_key().spki()));
    const ByteArray<64> rs = ToRs(der);
    const Sha256Digest digest = Sha256(message);
    EXPECT_OK(verifier.VerifyDigest(digest, rs));
    const ByteView view(rs);
    EXPECT_OK(key.public_key().VerifyDigestRs(digest, view.first(32), view.last(32)));
    for (size_t byte = 0; byte < rs.size(); byte += 7) {
      ByteArray<64> bad = rs;
      bad[byte] ^= 1;
      EXPECT_THAT(verifier.VerifyDigest(digest, bad), HasFault("BAD_SIGNATURE"));
    }
    Sha256Digest other = digest;
    other[31] ^= 1;
    EXPECT_THAT(verifier.VerifyDigest(other, rs), HasFault("BAD_SIGNATURE"));
    EXPECT_THAT(verifier.VerifyDigest(digest, {}), HasFault("BAD_SIGNATURE"));
  }
}

TEST(P256Verifier, RefusesWhatIsNoKeyOfTheCurve) {
  EXPECT_THAT(P256Verifier::FromPoint({}), HasFault("MALFORMED"));
  ByteArray<64> ones;
  ones.fill(0xFF);
  EXPECT_THAT(P256Verifier::FromPoint(ones), HasFault("MALFORMED"));
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(Curve::kP256));
  Bytes spki = key.public_key().spki();
  spki.back() ^= 1;
  EXPECT_THAT(P256Verifier::FromSpki(spki), HasFault("MALFORMED"));
  spki = key.public_key().spki();
  spki[26] = 2;
  EXPECT_THAT(P256Verifier::FromSpki(spki), HasFault("MALFORMED"));
  ASSERT_OK_AND_ASSIGN(const SigningKey other, SigningKey::Generate(Curve::kP384));
  EXPECT_THAT(P256Verifier::FromSpki(other.public_key().spki()), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
