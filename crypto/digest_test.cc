#include "crypto/digest.h"

#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

// FIPS 180-4 examples.
TEST(Digest, KnownAnswers) {
  const ByteView abc = AsBytes("abc");
  EXPECT_EQ(ToHex(Sha256(abc)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(Sha384(abc)),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(ToHex(Sha512(abc)),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(ToHex(Sha1ForTpmBank(abc)), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(ToHex(Sha256(ByteView())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, PartsAreConcatenated) {
  EXPECT_EQ(Sha512({AsBytes("a"), ByteView(), AsBytes("bc")}), Sha512(AsBytes("abc")));
}

// RFC 4231 test case 2, and an empty key (RFC 2104: zero padding).
TEST(Hmac, KnownAnswers) {
  EXPECT_EQ(ToHex(HmacSha256(SecretOf(AsBytes("Jefe")), AsBytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(ToHex(HmacSha256(SecretBytes(), ByteView())),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(ConstantTimeEqual, ComparesContentAndSize) {
  EXPECT_TRUE(ConstantTimeEqual(AsBytes("ab"), AsBytes("ab")));
  EXPECT_TRUE(ConstantTimeEqual(ByteView(), ByteView()));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("ac")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("abc")));
}

}  // namespace
}  // namespace kedge
