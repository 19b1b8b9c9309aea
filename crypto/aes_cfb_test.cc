#include "crypto/aes_cfb.h"

#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

// The first block of CFB with a zero IV over zero bytes is the cipher of zero (FIPS 197; known from
// GCM's hash key), the second the cipher of the first.
TEST(AesCfb, KnownBlocks) {
  const SecretBytes zero = SecretHex(std::string(32, '0'));
  ASSERT_OK_AND_ASSIGN(const Bytes aes128, AesCfbEncrypt(SecretHex(std::string(32, '0')), zero));
  EXPECT_EQ(ToHex(aes128), "66e94bd4ef8a2c3b884cfa59ca342b2e");
  ASSERT_OK_AND_ASSIGN(const Bytes aes256, AesCfbEncrypt(SecretHex(std::string(64, '0')), zero));
  EXPECT_EQ(ToHex(aes256), "dc95c078a2408989ad48a21492842087");
}

TEST(AesCfb, AnyLengthComesBack) {
  const SecretBytes key = SecretHex(std::string(64, 'a'));
  for (size_t size : {1u, 15u, 16u, 34u}) {
    const SecretBytes plain = SecretHex(std::string(2 * size, '5'));
    ASSERT_OK_AND_ASSIGN(const Bytes sealed, AesCfbEncrypt(key, plain));
    EXPECT_EQ(sealed.size(), size);
    ASSERT_OK_AND_ASSIGN(const SecretBytes opened, AesCfbDecrypt(key, sealed));
    EXPECT_TRUE(opened.EqualsConstantTime(plain));
  }
}

TEST(AesCfb, OtherKeySizesAreRefused) {
  EXPECT_THAT(AesCfbEncrypt(SecretHex(std::string(48, '0')), SecretHex("00")),
              HasCode(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace kedge
