#include "base/secret_hex.h"

#include <gtest/gtest.h>

#include <string>

#include "base/status_matchers.h"

namespace kedge {
namespace {

std::string TextOf(const SecretBytes& secret) {
  return secret.Reveal([](ByteView raw) { return std::string(AsText(raw)); });
}

TEST(SecretHex, EveryByteComesBack) {
  Bytes all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, SecretBytes::CopyOf(all));
  ASSERT_OK_AND_ASSIGN(const SecretBytes hex, SecretToHex(secret));
  EXPECT_EQ(TextOf(hex), ToHex(all));
  ASSERT_OK_AND_ASSIGN(const SecretBytes back, SecretFromHex(AsBytes(TextOf(hex))));
  EXPECT_TRUE(back.EqualsConstantTime(secret));
}

// Every character at either place of a pair, against the project's other decoder.
TEST(SecretHex, EveryCharacterIsADigitOrRefused) {
  for (int c = 0; c < 256; ++c) {
    for (const bool first : {true, false}) {
      std::string text = "00";
      text[first ? 0 : 1] = static_cast<char>(c);
      const auto expected = FromHex(text);
      const StatusOr<SecretBytes> got = SecretFromHex(AsBytes(text));
      ASSERT_EQ(got.ok(), expected.has_value()) << c;
      if (!got.ok()) continue;
      EXPECT_EQ(TextOf(*got), std::string(AsText(*expected))) << c;
    }
  }
}

TEST(SecretHex, RefusesOddAndEmptyTextAndShowsNothingOfIt) {
  for (const char* text : {"", "0", "abc", "0x00", " 00", "00 ", "00\n", "zz"}) {
    EXPECT_THAT(SecretFromHex(AsBytes(text)), HasCode(StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_EQ(MessageOf(SecretFromHex(AsBytes("c0ffeeg0")).status()).find("c0ffee"),
            std::string::npos);
  EXPECT_THAT(SecretToHex(SecretBytes()), HasCode(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace kedge
