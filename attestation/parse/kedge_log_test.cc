#include "attestation/parse/kedge_log.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

const std::vector<PcrBank> kBanks = {PcrBank::kSha256};

Bytes Record(const MeasuredEvent& event) {
  return EncodeKedgeLogRecord(MakeKedgeLogRecord(event, kBanks));
}

TEST(KedgeLog, RecordIsThatOfTheDocument) {
  EXPECT_EQ(AsText(Record(CapEvent())),
            "\x1e{\"content\":{\"data\":\"0000000b6b656467652f3120636170\",\"label\":\"cap\"},"
            "\"content_type\":\"kedge\",\"digests\":[{\"digest\":"
            "\"dfd76fbcafe5bfbcb0d8c59a15642ef3116b5156e2577fc0860d2acd414fb804\","
            "\"hashAlg\":\"sha256\"}],\"pcr\":14}\n");
}

TEST(KedgeLog, RecordsComeBack) {
  Bytes log = Record(InitDataEvent(AsBytes("invitation")));
  const Bytes second = EncodeKedgeLogRecord(MakeKedgeLogRecord(
      ClusterIdEvent(ClusterId{5}), std::vector{PcrBank::kSha512, PcrBank::kSha1}));
  log.insert(log.end(), second.begin(), second.end());
  ASSERT_OK_AND_ASSIGN(const auto records, ParseKedgeLog(log));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].event, InitDataEvent(AsBytes("invitation")));
  EXPECT_EQ(records[1].event, ClusterIdEvent(ClusterId{5}));
  EXPECT_EQ(records[1].digests.size(), 2u);
}

TEST(KedgeLog, EmptyLogHasNoRecords) {
  ASSERT_OK_AND_ASSIGN(const auto records, ParseKedgeLog({}));
  EXPECT_TRUE(records.empty());
}

TEST(KedgeLog, CutOffBytesAreMalformed) {
  const Bytes good = Record(CapEvent());
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_THAT(ParseKedgeLog(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
}

// Every other way to write the same, and everything that is not a record of ours.
TEST(KedgeLog, OtherFormsAreMalformed) {
  const std::string good(AsText(Record(CapEvent())));
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string out = good;
    const size_t at = out.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return out.replace(at, from.size(), to);
  };
  const std::vector<std::string> bad = {
      good.substr(1),                                     // no separator
      good.substr(0, good.size() - 1),                    // no line feed
      replaced("\"pcr\":14", "\"pcr\": 14"),              // spacing
      replaced("\"pcr\":14", "\"pcr\":14.0"),             // not an integer
      replaced("\"pcr\":14", "\"pcr\":-1"),               // negative
      replaced("\"pcr\":14", "\"pcr\":24"),               // no such PCR
      replaced("\"pcr\":14", "\"pcr\":\"14\""),           // text
      replaced("\"pcr\":14", "\"pcr\":14,\"pcr\":14"),    // twice
      replaced("\"pcr\":14", "\"pcr\":14,\"recnum\":1"),  // unknown member
      replaced("\"content_type\":\"kedge\"", "\"content_type\":\"systemd\""),
      replaced("0000000b6b", "0000000B6B"),  // capital digits
      replaced("0000000b6b", "000000b6b"),   // odd digits
      replaced("\"cap\"", "\"c\\u0061p\""),  // escaped letter
      replaced("\"cap\"", "7"),              // not text
      replaced("sha256", "sha3_256"),        // unknown bank
      replaced("[{", "[[{"),                 // other shape
      replaced("\"digests\":[", "\"digests\":7,\"x\":["),
      "\x1e\n",
      "\x1e[]\n",
      "\x1enull\n",
      std::string("\x1e") + std::string(2000, '[') + "\n",
      "\x1e{\"content\":\"\xff\"}\n",
  };
  for (const std::string& text : bad) {
    EXPECT_THAT(ParseKedgeLog(AsBytes(text)), HasFault("MALFORMED")) << text.substr(0, 200);
  }
}

TEST(KedgeLog, SizeAndCountAreBounded) {
  Bytes many;
  for (int i = 0; i < 17; ++i) {
    const Bytes record = Record(CapEvent());
    many.insert(many.end(), record.begin(), record.end());
  }
  EXPECT_THAT(ParseKedgeLog(many), HasFault("MALFORMED"));
  EXPECT_THAT(ParseKedgeLog(Bytes(kMaxEventLogSize + 1, '\n')), HasFault("MALFORMED"));
  MeasuredEvent large = CapEvent();
  large.content = Bytes(4096, 0);
  EXPECT_THAT(ParseKedgeLog(Record(large)), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
