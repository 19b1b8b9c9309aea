#include "base/bytes.h"

#include <gtest/gtest.h>

namespace kedge {
namespace {

TEST(Hex, RoundTrips) {
  const Bytes bytes = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(ToHex(bytes), "000fa5ff");
  EXPECT_EQ(FromHex("000fa5ff"), bytes);
  EXPECT_EQ(FromHex("000FA5FF"), bytes);
  EXPECT_EQ(FromHex(""), Bytes());
}

TEST(Hex, RefusesOddLengthAndOtherCharacters) {
  for (const char* text : {"0", "0g", "g0", "0x00", " 00", "00 ", "-1"}) {
    EXPECT_FALSE(FromHex(text).has_value()) << text;
  }
}

// RFC 4648 section 10.
TEST(Base64, RoundTrips) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, encoded] : vectors) {
    EXPECT_EQ(ToBase64(AsBytes(text)), encoded);
    EXPECT_EQ(FromBase64(encoded), ToBytes(std::string_view(text)));
  }
}

TEST(Base64, RefusesEveryOtherSpelling) {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Zh==", " Zg==", "Zg==\n", "Zm9v=", "Z-_v", "Zm9"}) {
    EXPECT_FALSE(FromBase64(text).has_value()) << text;
  }
}

TEST(Views, ShowTheSameMemory) {
  const std::string_view text("a\0b", 3);
  EXPECT_EQ(AsBytes(text).size(), 3U);
  EXPECT_EQ(AsText(AsBytes(text)), text);
  EXPECT_EQ(ToBytes(text), (Bytes{'a', 0, 'b'}));
}

TEST(Equal, ComparesContentAndSize) {
  EXPECT_TRUE(Equal(Bytes{1, 2}, Bytes{1, 2}));
  EXPECT_TRUE(Equal({}, {}));
  EXPECT_FALSE(Equal(Bytes{1, 2}, Bytes{1, 3}));
  EXPECT_FALSE(Equal(Bytes{1, 2}, Bytes{1, 2, 3}));
}

TEST(ToArray, TakesExactlyN) {
  EXPECT_EQ(ToArray<2>(Bytes{1, 2}), (ByteArray<2>{1, 2}));
  EXPECT_FALSE(ToArray<2>(Bytes{1}).has_value());
  EXPECT_FALSE(ToArray<2>(Bytes{1, 2, 3}).has_value());
}

}  // namespace
}  // namespace kedge
