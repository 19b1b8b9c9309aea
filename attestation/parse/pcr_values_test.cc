#include "attestation/parse/pcr_values.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/uefi_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::LittleEndianWriter;

const std::string kZero(64, '0');

TEST(ParsePcrJson, ReadsBanksAndIndices) {
  const std::string text = R"({"sha256":{"0":")" + kZero + R"(","23":")" + std::string(64, 'a') +
                           R"("},"sha1":{"7":")" + std::string(40, '1') + R"("}})";
  ASSERT_OK_AND_ASSIGN(const PcrBankValues values, ParsePcrValues(AsBytes(text)));
  EXPECT_EQ(values.at(PcrBank::kSha256).at(0), Bytes(32, 0));
  EXPECT_EQ(values.at(PcrBank::kSha256).at(23), Bytes(32, 0xAA));
  EXPECT_EQ(values.at(PcrBank::kSha1).at(7), Bytes(20, 0x11));
}

TEST(ParsePcrJson, EverythingElseIsRefused) {
  const std::string value = "\"" + kZero + "\"";
  const std::vector<std::string> bad = {
      "{}",
      "[]",
      "{",
      "{\"sha256\":[]}",
      "{\"sha3\":{\"0\":" + value + "}}",
      "{\"sha256\":{\"00\":" + value + "}}",
      "{\"sha256\":{\"32\":" + value + "}}",
      "{\"sha256\":{\"-1\":" + value + "}}",
      "{\"sha256\":{\" 1\":" + value + "}}",
      "{\"sha256\":{\"1\":\"00\"}}",
      "{\"sha256\":{\"1\":7}}",
      "{\"sha256\":{\"1\":" + value + ",\"1\":" + value + "}}",
      "{\"sha256\":{\"1\":" + value + "},\"sha256\":{\"2\":" + value + "}}",
      "{\"sha256\":{\"1\":" + value + "}} x",
      std::string(3000, '[')};
  for (const std::string& text : bad) {
    EXPECT_THAT(ParsePcrJson(AsBytes(text)), HasFault("MALFORMED")) << text.substr(0, 80);
  }
}

struct ToolsFile {
  uint32_t selections = 1;
  uint16_t bank = 0x000B;
  uint8_t mask = 0x03;
  uint32_t lists = 1;
  uint32_t digests = 2;
  uint16_t digest_size = 32;
};

Bytes Encode(const ToolsFile& file) {
  LittleEndianWriter out;
  out.U32(file.selections).U16(file.bank).U8(3).U8(file.mask).Raw(Bytes(4, 0));
  out.Raw(Bytes(15 * 8, 0)).U32(file.lists);
  for (uint32_t list = 0; list < std::min(file.lists, 65u); ++list) {
    out.U32(file.digests);
    for (uint8_t i = 0; i < 8; ++i) out.U16(file.digest_size).Raw(Bytes(64, i));
  }
  return out.Take();
}

TEST(ParseToolsPcrs, ReadsValuesInTheOrderOfTheSelection) {
  const Bytes good = Encode({});
  ASSERT_OK_AND_ASSIGN(const PcrBankValues values, ParsePcrValues(good));
  ASSERT_EQ(values.size(), 1u);
  EXPECT_EQ(values.at(PcrBank::kSha256), (PcrValues{{0, Bytes(32, 0)}, {1, Bytes(32, 1)}}));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(ParseToolsPcrs(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THAT(ParseToolsPcrs(longer), HasFault("MALFORMED"));
}

TEST(ParseToolsPcrs, CountsThatDoNotFitAreRefused) {
  const auto changed = [](auto change) {
    ToolsFile file;
    change(file);
    return Encode(file);
  };
  for (const Bytes& bad :
       {changed([](ToolsFile& f) { f.selections = 0; }),
        changed([](ToolsFile& f) { f.selections = 17; }),
        changed([](ToolsFile& f) { f.bank = 0x12; }), changed([](ToolsFile& f) { f.mask = 7; }),
        changed([](ToolsFile& f) { f.mask = 1; }), changed([](ToolsFile& f) { f.digests = 9; }),
        changed([](ToolsFile& f) { f.lists = 65; }),
        changed([](ToolsFile& f) { f.digest_size = 20; }),
        changed([](ToolsFile& f) { f.digest_size = 65; })}) {
    EXPECT_THAT(ParseToolsPcrs(bad), HasFault("MALFORMED"));
  }
}

}  // namespace
}  // namespace kedge
