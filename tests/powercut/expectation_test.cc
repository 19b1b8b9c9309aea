// What the power-cut campaign holds a disk to.
#include "tests/powercut/expectation.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge::powercut {
namespace {

WriteLog Marks(const std::vector<std::string>& marks) {
  WriteLog log;
  for (const std::string& mark : marks) log.push_back({.mark = mark});
  return log;
}

TEST(ExpectTest, PromisesHoldFromTheirMarkOn) {
  const WriteLog log =
      Marks({PhaseMark("format"), FormattedMark(), GrantedMark(3), AdvancedMark(3),
             FileMark("a", 1), FileMark("b", 2), FileMark("a", 9), RecordsMark(4), GrownMark(77)});
  ASSERT_OK_AND_ASSIGN(const Expectation first, Expect(log, 1));
  EXPECT_EQ(first.phase, "format");
  EXPECT_FALSE(first.formatted);
  ASSERT_OK_AND_ASSIGN(const Expectation between, Expect(log, 3));
  EXPECT_TRUE(between.formatted);
  EXPECT_EQ(between.counters.next, 3U);
  EXPECT_EQ(between.counters.acknowledged, 0U);
  ASSERT_OK_AND_ASSIGN(const Expectation last, Expect(log, log.size()));
  EXPECT_EQ(last.counters.acknowledged, 3U);
  EXPECT_EQ(last.files, (std::map<std::string, uint64_t>{{"a", 9}, {"b", 2}}));
  EXPECT_EQ(last.records, 4U);
  EXPECT_EQ(last.grown, 77U);
}

TEST(ExpectTest, AnUnknownMarkIsAnError) {
  EXPECT_FALSE(Expect(Marks({"surprise"}), 1).ok());
  EXPECT_FALSE(Expect(Marks({"file=a"}), 1).ok());
}

TEST(CheckFileTest, AcceptsTheVersionOrALaterOneWhole) {
  EXPECT_OK(CheckFile("a", 3, FileContent("a", 3)));
  EXPECT_OK(CheckFile("a", 3, FileContent("a", 4)));
  EXPECT_FALSE(CheckFile("a", 3, FileContent("a", 2)).ok());
  EXPECT_FALSE(CheckFile("a", 3, FileContent("b", 3)).ok());
  EXPECT_FALSE(CheckFile("a", 3, {}).ok());
  Bytes torn = FileContent("a", 3);
  torn.pop_back();
  EXPECT_FALSE(CheckFile("a", 3, torn).ok());
  torn = FileContent("a", 3);
  torn[torn.size() / 2] ^= 1;
  EXPECT_FALSE(CheckFile("a", 3, torn).ok());
}

TEST(CheckRecordsTest, AcceptsAsManyOrMore) {
  Bytes content = Record(0);
  const Bytes second = Record(1);
  content.insert(content.end(), second.begin(), second.end());
  EXPECT_OK(CheckRecords(0, {}));
  EXPECT_OK(CheckRecords(1, content));
  EXPECT_OK(CheckRecords(2, content));
  EXPECT_FALSE(CheckRecords(3, content).ok());
  content[kRecordBytes + 50] = 0;
  EXPECT_FALSE(CheckRecords(2, content).ok());
}

}  // namespace
}  // namespace kedge::powercut
