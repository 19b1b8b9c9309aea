#include "storage/core/extent_record.h"

#include <gtest/gtest.h>

#include "base/lp.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;

SecretBytes Key(uint8_t fill) { return SecretBytes::CopyOf(Bytes(32, fill)).value(); }

class ExtentRecordTest : public ::testing::Test {
 protected:
  const SecretBytes key_ = Key(0x44);
  const ExtentRecord record_{
      .disk = Sha256(AsBytes("header")), .disk_counter = 7, .prepared = 32 * kMebibyte};
  const Bytes block_ = RenderExtentRecord(record_, key_);
  const ExtentExpectation expected_{.disk = record_.disk, .disk_counter = 7};
  const uint64_t device_bytes_ = 64 * kMebibyte;
};

TEST_F(ExtentRecordTest, OwnRecordIsRead) {
  ASSERT_EQ(block_.size(), kExtentRecordBytes);
  ASSERT_OK_AND_ASSIGN(const ExtentRecord read, ReadExtentRecord(block_, key_));
  EXPECT_EQ(read, record_);
  EXPECT_OK(CheckExtentRecord(read, expected_, device_bytes_));
}

// The grammar of docs/FORMATS.md, written out by hand.
TEST_F(ExtentRecordTest, IsWhatTheGrammarSays) {
  Bytes fields = Lp(
      {AsBytes("kedge/1 state extent"), U32Be(1), record_.disk, U64Be(7), U64Be(32 * kMebibyte)});
  Bytes block = fields;
  const Bytes mac = Lp({HmacSha256(key_, fields)});
  block.insert(block.end(), mac.begin(), mac.end());
  block.resize(4096, 0);
  EXPECT_EQ(block_, block);
}

TEST_F(ExtentRecordTest, AnyFlippedByteIsDamage) {
  for (size_t i = 0; i < block_.size(); i += i < 160 ? 1 : 97) {
    Bytes flipped = block_;
    flipped[i] ^= 0x01;
    EXPECT_THAT(ReadExtentRecord(flipped, key_), HasFault("EXTENT_DAMAGED")) << i;
  }
}

TEST_F(ExtentRecordTest, MissingShortAndForeignRecordsAreDamage) {
  EXPECT_THAT(ReadExtentRecord(Bytes(kExtentRecordBytes, 0), key_), HasFault("EXTENT_DAMAGED"));
  EXPECT_THAT(ReadExtentRecord({}, key_), HasFault("EXTENT_DAMAGED"));
  EXPECT_THAT(ReadExtentRecord(ByteView(block_).first(4095), key_), HasFault("EXTENT_DAMAGED"));
  EXPECT_THAT(ReadExtentRecord(block_, Key(0x45)), HasFault("EXTENT_DAMAGED"));
}

TEST_F(ExtentRecordTest, SensibleValuesOnlyEvenUnderTheRightMac) {
  for (const uint64_t prepared : {uint64_t{0}, kFileSystemOffset, 32 * kMebibyte + 512}) {
    ExtentRecord record = record_;
    record.prepared = prepared;
    EXPECT_THAT(ReadExtentRecord(RenderExtentRecord(record, key_), key_),
                HasFault("EXTENT_DAMAGED"))
        << prepared;
  }
}

TEST_F(ExtentRecordTest, ReplayedRecordOfAnOlderCounterIsStale) {
  ExtentExpectation later = expected_;
  for (const uint64_t counter : {uint64_t{8}, uint64_t{9}, UINT64_MAX}) {
    later.disk_counter = counter;
    EXPECT_THAT(CheckExtentRecord(record_, later, device_bytes_), HasFault("EXTENT_STALE"))
        << counter;
  }
}

TEST_F(ExtentRecordTest, CutBetweenRecordAndHeaderIsAccepted) {
  ExtentExpectation before = expected_;
  before.disk_counter = 6;
  EXPECT_OK(CheckExtentRecord(record_, before, device_bytes_));
}

TEST_F(ExtentRecordTest, RecordOfAnotherDiskOrBeyondTheDeviceIsDamage) {
  ExtentExpectation other = expected_;
  other.disk[0] ^= 1;
  EXPECT_THAT(CheckExtentRecord(record_, other, device_bytes_), HasFault("EXTENT_DAMAGED"));
  EXPECT_THAT(CheckExtentRecord(record_, expected_, record_.prepared - 4096),
              HasFault("EXTENT_DAMAGED"));
}

TEST_F(ExtentRecordTest, FileSystemMustEndInsideThePreparedExtent) {
  EXPECT_OK(CheckFileSystemEnd(record_, 31 * kMebibyte));
  EXPECT_OK(CheckFileSystemEnd(record_, 8 * kMebibyte));
  EXPECT_THAT(CheckFileSystemEnd(record_, 31 * kMebibyte + 4096), HasFault("EXTENT_STALE"));
  EXPECT_THAT(CheckFileSystemEnd(record_, UINT64_MAX), HasFault("EXTENT_STALE"));
}

}  // namespace
}  // namespace kedge
