// The parts of the power-cut campaign that decide what a crash image holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/status_matchers.h"
#include "tests/powercut/crash_image.h"
#include "tests/powercut/write_log.h"

namespace kedge::powercut {
namespace {

// Builds the bytes of a log device.
class LogBuilder {
 public:
  void Add(uint64_t sector, uint64_t sectors, uint64_t flags, std::string_view mark = "") {
    Sector({sector, sectors, flags, mark.size()}, mark);
    bytes_.resize(bytes_.size() + sectors * 512, static_cast<uint8_t>(++count_));
  }
  StatusOr<WriteLog> Parse() const {
    LogBuilder super;
    super.Sector({magic, version, count_, sector_bytes}, "");
    Bytes all = super.bytes_;
    all.insert(all.end(), bytes_.begin(), bytes_.end());
    return ParseWriteLog([&all](uint64_t offset, size_t size) -> StatusOr<Bytes> {
      if (offset + size > all.size()) return Malformed("beyond the end");
      return ToBytes(ByteView(all).subspan(offset, size));
    });
  }

  uint64_t magic = 0x6a736677736872;
  uint64_t version = 1;
  uint64_t sector_bytes = 512;

 private:
  void Sector(const std::vector<uint64_t>& fields, std::string_view text) {
    const size_t begin = bytes_.size();
    for (uint64_t field : fields) {
      for (int i = 0; i < 8; ++i, field >>= 8) bytes_.push_back(static_cast<uint8_t>(field));
    }
    for (const char c : text) bytes_.push_back(static_cast<uint8_t>(c));
    bytes_.resize(begin + 512);
  }

  Bytes bytes_;
  uint64_t count_ = 0;
};

TEST(ParseWriteLogTest, ReadsWritesFlushesAndMarks) {
  LogBuilder builder;
  builder.Add(8, 2, 0);
  builder.Add(0, 0, 1);
  builder.Add(100, 1, 2);
  builder.Add(0, 0, 8, "file=a=1");
  builder.Add(0, 0, 8, "dm-log-writes-end");
  ASSERT_OK_AND_ASSIGN(const WriteLog log, builder.Parse());
  ASSERT_EQ(log.size(), 5U);
  EXPECT_EQ(log[0].offset, 8U * 512);
  EXPECT_EQ(log[0].bytes, 1024U);
  EXPECT_EQ(log[0].content, 1024U);
  EXPECT_TRUE(log[1].flush);
  EXPECT_TRUE(log[2].fua);
  EXPECT_EQ(log[2].content, 512U * 6);
  EXPECT_EQ(log[3].mark, "file=a=1");
  EXPECT_EQ(log[3].bytes, 0U);
  EXPECT_EQ(log[4].mark, "") << "not the recorder's";
}

TEST(ParseWriteLogTest, RefusesWhatItDoesNotKnow) {
  LogBuilder good;
  good.Add(8, 2, 0);
  for (uint64_t LogBuilder::*field :
       {&LogBuilder::magic, &LogBuilder::version, &LogBuilder::sector_bytes}) {
    LogBuilder bad = good;
    ++(bad.*field);
    EXPECT_THAT(bad.Parse(), HasFault("MALFORMED"));
  }
  LogBuilder discard;
  discard.Add(8, 0, 4);
  EXPECT_THAT(discard.Parse(), HasFault("MALFORMED"));
}

// Four writes of two sectors each around a flush, the last past the cache.
WriteLog Around() {
  return {{.offset = 0, .bytes = 1024},
          {.offset = 1024, .bytes = 1024},
          {.flush = true},
          {.offset = 2048, .bytes = 1024},
          {.offset = 0, .bytes = 1024},
          {.offset = 4096, .bytes = 1024, .fua = true},
          {.mark = "acknowledged"}};
}

TEST(CrashImageTest, WhatWasFlushedIsDurable) {
  const WriteLog log = Around();
  EXPECT_EQ(DurableBefore(log, 2), 0U) << "the flush is not done";
  EXPECT_EQ(DurableBefore(log, 3), 2U);
  EXPECT_EQ(DurableBefore(log, log.size()), 2U);
}

std::vector<size_t> WritesOf(const std::vector<Piece>& pieces) {
  std::vector<size_t> writes;
  for (const Piece& piece : pieces) writes.push_back(piece.write);
  return writes;
}

TEST(CrashImageTest, LosesNothingOrEverythingThatWasNotFlushed) {
  const WriteLog log = Around();
  std::mt19937_64 random(1);
  EXPECT_EQ(WritesOf(Survivors(log, 7, Loss::kNothing, random)), (std::vector<size_t>{3, 4, 5}));
  EXPECT_EQ(WritesOf(Survivors(log, 7, Loss::kAll, random)), std::vector<size_t>{5})
      << "what went past the cache is there";
  EXPECT_EQ(WritesOf(Survivors(log, 6, Loss::kAll, random)), std::vector<size_t>())
      << "but for the last, which was under way";
  EXPECT_EQ(WritesOf(Survivors(log, 2, Loss::kAll, random)), std::vector<size_t>());
}

TEST(CrashImageTest, EachUnflushedWriteMayBeLostAloneAndOrderIsKept) {
  const WriteLog log = Around();
  std::mt19937_64 random(1);
  std::set<std::vector<size_t>> seen;
  for (int i = 0; i < 200; ++i) {
    const std::vector<size_t> writes = WritesOf(Survivors(log, 7, Loss::kSomeWrites, random));
    EXPECT_TRUE(std::is_sorted(writes.begin(), writes.end()));
    EXPECT_TRUE(std::count(writes.begin(), writes.end(), 5) == 1);
    seen.insert(writes);
  }
  EXPECT_EQ(seen.size(), 4U) << "a later write without an earlier one is among them";
}

TEST(CrashImageTest, TearsWritesIntoSectors) {
  const WriteLog log = Around();
  std::mt19937_64 random(1);
  std::set<size_t> counts;
  for (int i = 0; i < 200; ++i) {
    const std::vector<Piece> pieces = Survivors(log, 6, Loss::kSomeSectors, random);
    for (const Piece& piece : pieces) EXPECT_EQ(piece.bytes, 512U);
    counts.insert(pieces.size());
  }
  EXPECT_EQ(counts, (std::set<size_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(CrashImageTest, TheSameSeedMakesTheSameImage) {
  const WriteLog log = Around();
  std::mt19937_64 first(7), second(7);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(WritesOf(Survivors(log, 6, Loss::kSomeSectors, first)),
              WritesOf(Survivors(log, 6, Loss::kSomeSectors, second)));
  }
}

}  // namespace
}  // namespace kedge::powercut
