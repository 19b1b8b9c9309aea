#include "crypto/x25519.h"

#include "crypto/system_random.h"
#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

X25519Public PublicHex(std::string_view hex) { return ToArray<32>(Hex(hex)).value(); }

X25519KeyPair PairHex(std::string_view hex) {
  return X25519KeyPair::FromPrivate(SecretHex(hex)).value();
}

TEST(X25519, DiffieHellmanOfRfc7748Section6) {
  const auto alice = PairHex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto bob = PairHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(ToHex(alice.public_key()),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(ToHex(bob.public_key()),
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  constexpr char kShared[] = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  ASSERT_OK_AND_ASSIGN(const SecretBytes of_alice, alice.Agree(bob.public_key()));
  ASSERT_OK_AND_ASSIGN(const SecretBytes of_bob, bob.Agree(alice.public_key()));
  EXPECT_EQ(HexOfSecret(of_alice), kShared);
  EXPECT_EQ(HexOfSecret(of_bob), kShared);
}

TEST(X25519, ScalarMultiplicationOfRfc7748Section5) {
  const auto pair = PairHex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d");
  ASSERT_OK_AND_ASSIGN(
      const SecretBytes out,
      pair.Agree(PublicHex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493")));
  EXPECT_EQ(HexOfSecret(out), "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

// The points of order 1, 2, 4 and 8, each also with the ignored top bit set.
TEST(X25519, RefusesEveryLowOrderKey) {
  SystemRandom random;
  ASSERT_OK_AND_ASSIGN(const auto pair, X25519KeyPair::Generate(random));
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    X25519Public point = PublicHex(hex);
    EXPECT_THAT(pair.Agree(point), HasFault("LOW_ORDER_KEY")) << hex;
    point[31] = static_cast<uint8_t>(point[31] | 0x80);
    EXPECT_THAT(pair.Agree(point), HasFault("LOW_ORDER_KEY")) << hex << " with the top bit";
  }
}

TEST(X25519, GeneratedPairsAgreeAndDiffer) {
  SystemRandom random;
  ASSERT_OK_AND_ASSIGN(const auto a, X25519KeyPair::Generate(random));
  ASSERT_OK_AND_ASSIGN(const auto b, X25519KeyPair::Generate(random));
  ASSERT_OK_AND_ASSIGN(const auto c, X25519KeyPair::Generate(random));
  ASSERT_OK_AND_ASSIGN(const SecretBytes ab, a.Agree(b.public_key()));
  ASSERT_OK_AND_ASSIGN(const SecretBytes ba, b.Agree(a.public_key()));
  ASSERT_OK_AND_ASSIGN(const SecretBytes ac, a.Agree(c.public_key()));
  EXPECT_TRUE(ab.EqualsConstantTime(ba));
  EXPECT_FALSE(ab.EqualsConstantTime(ac));
}

TEST(X25519, RefusesPrivateKeysOfOtherSizes) {
  EXPECT_THAT(X25519KeyPair::FromPrivate(SecretOf(Bytes(31, 1))),
              HasCode(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace kedge
