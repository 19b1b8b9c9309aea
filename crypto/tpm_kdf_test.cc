#include "crypto/tpm_kdf.h"

#include <numeric>
#include <vector>

#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

// Bytes 00 01 02 …
std::string Counting(size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  return ToHex(bytes);
}

// Computed with another implementation: HMAC(key, u32be(1) label 00 contexts u32be(bits)) ….
TEST(TpmKdf, KdfAOfBothHashes) {
  const auto derive = [](TpmHash hash, size_t key, std::string_view label, std::string_view u,
                         std::string_view v, size_t size) {
    return HexOfSecret(
        TpmKdfA(hash, SecretHex(Counting(key)), label, AsBytes(u), AsBytes(v), size).value());
  };
  EXPECT_EQ(derive(TpmHash::kSha256, 32, "STORAGE", "name", "", 16),
            "97f1ccec355e7643a61c69d29ad6404d");
  EXPECT_EQ(derive(TpmHash::kSha384, 48, "STORAGE", "name", "more", 32),
            "e4fafd2824f7c19fa21561d67ef29051fde3f1e31dc326ad07f1a3db8ccc5976");
  EXPECT_EQ(derive(TpmHash::kSha256, 32, "INTEGRITY", "", "", 32),
            "bacf689f634ece301e1f1b15b072d9c87db6a69585db42b1a0cb8f73ebe2692e");
  EXPECT_EQ(derive(TpmHash::kSha256, 32, "X", "", "", 64),
            "6c94849f212734c1582ad70a9f1d34998042d02d2340fdda1f92aee4ac150cb8"
            "24c44a7a7c80edf595474f4f24d900e7218fc7922cbc00bd139a2672dc260afa");
}

// H(u32be(1) z label 00 u.x v.x) ….
TEST(TpmKdf, KdfEOfBothHashes) {
  EXPECT_EQ(HexOfSecret(TpmKdfE(TpmHash::kSha384, SecretHex(Counting(48)), "IDENTITY", Bytes(48, 1),
                                Bytes(48, 2), 48)
                            .value()),
            "f3beff6d86a2fa412b055a37173117db6da5eab219862574f89ee2df797982a7"
            "c2442ade40a6aad5fe445d5f477aaf94");
  EXPECT_EQ(HexOfSecret(TpmKdfE(TpmHash::kSha256, SecretHex(Counting(32)), "IDENTITY", Bytes(32, 1),
                                Bytes(32, 2), 64)
                            .value()),
            "46c1a8b985095523623fbee1f5d4b3df184a6991e5706b9bbee430d76b9b5909"
            "5bf2ccada630246c1d45074ba06d0517734453df6c4a9a95a958efab54ac27aa");
}

TEST(TpmKdf, BadSizesAreRefused) {
  const SecretBytes key = SecretHex(Counting(32));
  EXPECT_THAT(TpmKdfA(TpmHash::kSha256, key, "X", {}, {}, 0),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(TpmKdfA(TpmHash::kSha256, key, "X", {}, {}, 65),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(TpmKdfE(TpmHash::kSha256, SecretBytes(), "X", {}, {}, 32),
              HasCode(StatusCode::kInvalidArgument));
}

TEST(TpmHash, OnlyTheThreeStrongOnes) {
  EXPECT_OK(TpmHashFromAlg(0x000B));
  EXPECT_OK(TpmHashFromAlg(0x000C));
  EXPECT_OK(TpmHashFromAlg(0x000D));
  for (uint16_t alg : std::vector<uint16_t>{0x0000, 0x0004, 0x0012, 0x0027}) {
    EXPECT_THAT(TpmHashFromAlg(alg), HasFault("MALFORMED")) << alg;
  }
}

// RFC 4231, test case 2.
TEST(TpmHash, HmacOfRfc4231) {
  const SecretBytes key = SecretHex(ToHex(AsBytes("Jefe")));
  EXPECT_EQ(
      ToHex(TpmHmac(TpmHash::kSha256, key, {AsBytes("what do ya want "), AsBytes("for nothing?")})),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(ToHex(TpmHmac(TpmHash::kSha384, key, {AsBytes("what do ya want for nothing?")})),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
            "8e2240ca5e69e2c78b3239ecfab21649");
}

}  // namespace
}  // namespace kedge
