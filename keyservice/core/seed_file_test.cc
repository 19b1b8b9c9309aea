#include "keyservice/core/seed_file.h"

#include <gtest/gtest.h>

#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

StatusOr<SecretBytes> Parse(std::string_view text) {
  return ParseSeedFile(SecretOf(AsBytes(text)));
}

TEST(SeedFile, HexadecimalInEitherCaseWithWhiteSpaceAround) {
  for (const char* text : {"00ffAB", "00FFab\n", " \t00ffab\r\n\n"}) {
    ASSERT_OK_AND_ASSIGN(const SecretBytes seed, Parse(text));
    EXPECT_EQ(HexOfSecret(seed), "00ffab") << text;
  }
}

TEST(SeedFile, AnythingElseThatIsTextIsAMistakeNotASeed) {
  for (const char* text : {" ", "\n", "abc", "0x00ff", "00 ff", "00ff\n00ff", "00:ff",
                           "correct horse", "00fg", "{}"}) {
    EXPECT_THAT(Parse(text), HasCode(StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_THAT(ParseSeedFile(SecretBytes()), HasCode(StatusCode::kInvalidArgument));
}

TEST(SeedFile, OtherBytesAreTheSeedAsTheyAre) {
  using namespace std::string_view_literals;
  for (const std::string_view raw :
       {"\0"sv, "00ff\0"sv, "\x7f"sv, "caf\xc3\xa9\n"sv, "\x0b\x0c"sv}) {
    ASSERT_OK_AND_ASSIGN(const SecretBytes seed, Parse(raw));
    EXPECT_EQ(HexOfSecret(seed), ToHex(AsBytes(raw)));
  }
}

}  // namespace
}  // namespace kedge
