#include "crypto/aead.h"

#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

constexpr char kZeroKey[] = "0000000000000000000000000000000000000000000000000000000000000000";

// The GCM specification's test cases 13 and 14 (zero key, zero iv).
TEST(Aead, GcmKnownAnswers) {
  ASSERT_OK_AND_ASSIGN(const Bytes empty, SealOnce(SecretHex(kZeroKey), {}, ByteView()));
  EXPECT_EQ(ToHex(empty), "530f8afbc74536b9a963b4f1c4cb738b");
  ASSERT_OK_AND_ASSIGN(const Bytes block, SealOnce(SecretHex(kZeroKey), {}, Bytes(16)));
  EXPECT_EQ(ToHex(block), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

// With associated data; computed with an independent implementation.
TEST(Aead, KnownAnswerWithAssociatedData) {
  Bytes key(32);
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i);
  ASSERT_OK_AND_ASSIGN(const Bytes sealed,
                       SealOnce(SecretOf(key), AsBytes("kedge/1 box"), AsBytes("plaintext")));
  EXPECT_EQ(ToHex(sealed), "7ed0d4b7db58e6c57c43f71d9a4b9c6b34ab1c0c6d8594b33d");
}

TEST(Aead, OpensWhatItSealed) {
  const SecretBytes secret = SecretOf(AsBytes("a data key"));
  const SecretBytes key = SecretOf(Bytes(32, 7));
  ASSERT_OK_AND_ASSIGN(const Bytes sealed,
                       SealOnce(SecretOf(Bytes(32, 7)), AsBytes("aad"), secret));
  ASSERT_OK_AND_ASSIGN(const SecretBytes opened, OpenSealed(key, AsBytes("aad"), sealed));
  EXPECT_TRUE(opened.EqualsConstantTime(secret));
}

TEST(Aead, RefusesOtherKeyAadAndEveryFlippedBit) {
  const SecretBytes key = SecretOf(Bytes(32, 7));
  ASSERT_OK_AND_ASSIGN(const Bytes sealed,
                       SealOnce(SecretOf(Bytes(32, 7)), AsBytes("aad"), AsBytes("text")));
  EXPECT_THAT(OpenSealed(SecretOf(Bytes(32, 8)), AsBytes("aad"), sealed),
              HasFault("BOX_NOT_AUTHENTIC"));
  EXPECT_THAT(OpenSealed(key, AsBytes("aae"), sealed), HasFault("BOX_NOT_AUTHENTIC"));
  EXPECT_THAT(OpenSealed(key, {}, sealed), HasFault("BOX_NOT_AUTHENTIC"));
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] = static_cast<uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_THAT(OpenSealed(key, AsBytes("aad"), changed), HasFault("BOX_NOT_AUTHENTIC")) << bit;
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_THAT(OpenSealed(key, AsBytes("aad"), ByteView(sealed).first(size)),
                HasFault("BOX_NOT_AUTHENTIC"))
        << size;
  }
}

TEST(Aead, RefusesKeysOfOtherSizes) {
  EXPECT_THAT(SealOnce(SecretOf(Bytes(16)), {}, AsBytes("x")),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(OpenSealed(SecretOf(Bytes(31)), {}, Bytes(20)),
              HasCode(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace kedge
