// Runs inside User-mode Linux (tests/uml/run) as root, with real device-mapper. Each case gets a
// kernel and an empty disk of its own: the record of what was prepared, damaged and put back, and
// disks from before there was one.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "storage/core/extent_record.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/core/marker.h"
#include "storage/luks/crypt_volume.h"
#include "storage/luks/disk_grower.h"
#include "storage/luks/extent_device.h"
#include "storage/luks/header_memfd.h"
#include "storage/luks/mappings.h"
#include "storage/luks/state_extent.h"
#include "storage/luks/testing/uml_disk.h"
#include "storage/luks/unique_fd.h"

namespace kedge {
namespace {

using luks_uml::AnyContent;
using luks_uml::FlipRaw;
using luks_uml::kDisk;
using luks_uml::kFresh;
using luks_uml::kMountPoint;
using luks_uml::RawBlocks;
using luks_uml::RawSize;
using luks_uml::ReadRaw;
using luks_uml::ReadText;
using luks_uml::WriteRaw;

constexpr char kOpened[] = "/dev/mapper/kedge-state";
constexpr uint64_t kMebibyte = uint64_t{1} << 20;

class StateExtentUmlTest : public luks_uml::DiskTest {
 protected:
  // The record's block of a closed disk.
  Bytes ReadRecord() {
    MapBelow();
    const Bytes block = ExtentDevice::Open(kOpened)->ReadFirstBlock().value();
    EXPECT_OK(disk_.Close());
    return block;
  }
  // What a host brings about that puts back a block with its tag.
  void PutRecord(ByteView block) {
    MapBelow();
    ASSERT_OK(ExtentDevice::Open(kOpened)->WriteFirstBlock(block));
    ASSERT_OK(disk_.Close());
  }
  void GrowBy(int pieces) {
    int left = pieces;
    ASSERT_OK(GrowStateDisk("kedge-state", kMountPoint, DeriveStateDiskKeys(dek_)->extent,
                            {.pace = [&left](absl::Duration, bool) { return --left > 0; },
                             .progress = [](const GrowthProgress&) {}}));
  }
};

TEST_F(StateExtentUmlTest, DamagedOrMissingRecordIsNamedAndNothingIsWritten) {
  FormatDisk();
  const Bytes good = ReadRecord();
  Bytes flipped = good;
  flipped[40] ^= 1;
  for (const Bytes& block : {flipped, Bytes(kExtentRecordBytes, 0)}) {
    ASSERT_NO_FATAL_FAILURE(PutRecord(block));
    const std::vector<Sha256Digest> before = RawBlocks();
    ExpectRefused("EXTENT_DAMAGED");
    EXPECT_TRUE(RawBlocks() == before);
  }
  ASSERT_NO_FATAL_FAILURE(PutRecord(good));
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
}

TEST_F(StateExtentUmlTest, RecordThatTheHostDestroyedIsNamed) {
  FormatDisk();
  const Bytes good = ReadRecord();
  const std::vector<Sha256Digest> with_record = RawBlocks();
  ASSERT_NO_FATAL_FAILURE(PutRecord(Bytes(kExtentRecordBytes, 0x77)));
  const std::vector<Sha256Digest> without = RawBlocks();
  ASSERT_NO_FATAL_FAILURE(PutRecord(good));
  // The record's block lies behind journal and tags: it is the last one that changed.
  size_t last = 0;
  for (size_t i = 0; i < without.size(); ++i) {
    if (with_record[i] != without[i]) last = i;
  }
  ASSERT_GT(last * kLuksSectorBytes, kLuksDataOffset);
  FlipRaw(last * kLuksSectorBytes + 5);
  ExpectRefused("EXTENT_DAMAGED");
}

TEST_F(StateExtentUmlTest, OlderRecordIsStaleOnceTheDiskWasCounted) {
  FormatDisk();
  const Bytes first = ReadRecord();
  const DiskCounters counters{.acknowledged = 1, .next = 2};
  ASSERT_OK(disk_.Open(dek_, binding_, counters, AnyContent));
  ASSERT_OK(disk_.Advance(dek_, binding_, counters));
  ASSERT_OK(disk_.Close());
  const Bytes second = ReadRecord();
  EXPECT_NE(first, second);
  ASSERT_NO_FATAL_FAILURE(PutRecord(first));
  ExpectRefused("EXTENT_STALE", {.acknowledged = 2, .next = 3});
  ASSERT_NO_FATAL_FAILURE(PutRecord(second));
  EXPECT_OK(disk_.Open(dek_, binding_, {.acknowledged = 2, .next = 3}, AnyContent));
}

// Between the record and the header of an advance.
TEST_F(StateExtentUmlTest, RecordAheadOfTheHeaderIsFinished) {
  FormatDisk();
  const Bytes header = ReadRaw(0, kLuksCopiesBytes);
  const DiskCounters counters{.acknowledged = 1, .next = 2};
  ASSERT_OK(disk_.Open(dek_, binding_, counters, AnyContent));
  ASSERT_OK(disk_.Advance(dek_, binding_, counters));
  ASSERT_OK(disk_.Close());
  WriteRaw(0, header);
  ASSERT_OK(disk_.Open(dek_, binding_, counters, AnyContent));
  ASSERT_OK(disk_.Advance(dek_, binding_, counters));
  ASSERT_OK(disk_.Close());
  EXPECT_OK(disk_.Open(dek_, binding_, {.acknowledged = 2, .next = 3}, AnyContent));
}

// Within one counter: the file system is larger than the record says.
TEST_F(StateExtentUmlTest, OlderRecordUnderAGrownFileSystemIsStale) {
  FormatDisk();
  const Bytes first = ReadRecord();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  ASSERT_NO_FATAL_FAILURE(GrowBy(65));
  ASSERT_OK(disk_.Close());
  const Bytes grown = ReadRecord();
  ASSERT_NO_FATAL_FAILURE(PutRecord(first));
  const std::vector<Sha256Digest> before = RawBlocks();
  ExpectRefused("EXTENT_STALE");
  EXPECT_TRUE(RawBlocks() == before);
  ASSERT_NO_FATAL_FAILURE(PutRecord(grown));
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
}

TEST_F(StateExtentUmlTest, WhatWasNeverWrittenIsNeverShown) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  const UniqueFd opened(open(kOpened, O_RDONLY | O_CLOEXEC));
  const UniqueFd shown(open("/dev/mapper/kedge-state_fs", O_RDONLY | O_CLOEXEC));
  Bytes block(kLuksSectorBytes);
  const auto read = [&block](const UniqueFd& fd, uint64_t offset) {
    return pread(fd.get(), block.data(), block.size(), static_cast<off_t>(offset));
  };
  EXPECT_EQ(read(opened, kFormatExtentBytes + 8 * kMebibyte), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(read(shown, kFormatExtentBytes - kFileSystemOffset), 0) << "behind its end";
  ASSERT_NO_FATAL_FAILURE(GrowBy(65));
  EXPECT_EQ(read(shown, kFormatExtentBytes - kFileSystemOffset), 4096);
  EXPECT_EQ(block, Bytes(kLuksSectorBytes, 0));
}

TEST_F(StateExtentUmlTest, ForeignWindowIsRefused) {
  const Sha256Digest digest = FormatDisk();
  ASSERT_NO_FATAL_FAILURE(MapBelow());
  ASSERT_OK(CreateLinear("kedge-state_fs", {.device = "98:0", .start = 0, .length = 8}));
  EXPECT_FALSE(OpenExtent("kedge-state", DeriveStateDiskKeys(dek_)->extent,
                          {.disk = digest, .disk_counter = 1})
                   .ok());
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent)) << "leftovers are cleared";
}

// S6. A disk as Format made it before: all of it written, the file system on the opened device.
TEST_F(StateExtentUmlTest, DisksOfFormats1And2StillOpen) {
  ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
  for (const uint32_t format : {kHeaderFormat1, kHeaderFormat2}) {
    SCOPED_TRACE(format);
    ASSERT_OK_AND_ASSIGN(const HeaderMemfd memfd, HeaderMemfd::ForNewHeader());
    HeaderToken token{.format = format, .dek_generation = 1};
    if (format == kHeaderFormat2) token.disk_counter = 1;
    {
      ASSERT_OK_AND_ASSIGN(
          CryptVolume volume,
          CryptVolume::Create(memfd.path(), kDisk, /*journal_bytes=*/0, keys.keyslot));
      ASSERT_OK(volume.ActivateForWipe("kedge-state"));
      const uint64_t bytes = ExtentDevice::Open(kOpened)->bytes();
      token.data_sectors = bytes / kDeviceMapperSectorBytes;
      ASSERT_OK(volume.Wipe("kedge-state", bytes, nullptr));
      ASSERT_OK(disk_.Close());
      ASSERT_OK(volume.SetToken(token));
    }
    ASSERT_OK_AND_ASSIGN(const Bytes unsigned_region, memfd.Read(kLuksHeaderRegionBytes));
    ASSERT_OK_AND_ASSIGN(const Bytes region,
                         WithHeaderMac(unsigned_region, RawSize(), keys.header_mac, binding_));
    ASSERT_OK_AND_ASSIGN(const UnverifiedHeader header, ParseHeader(region, RawSize()));
    WriteRaw(0, region);
    ASSERT_NO_FATAL_FAILURE(MapBelow());
    ASSERT_EQ(std::system("mkfs.ext4 -q -F -b 4096 /dev/mapper/kedge-state && mkdir -p /run/old && "
                          "mount -t ext4 /dev/mapper/kedge-state /run/old"),
              0);
    ASSERT_OK(WriteFileAtomically("/run/old/" + std::string(kMarkerFile),
                                  MakeMarker(keys.marker, binding_, header.uuid), 0600));
    ASSERT_OK(WriteFileAtomically("/run/old/file", AsBytes("of old"), 0600));
    ASSERT_EQ(std::system("umount /run/old"), 0);

    const DiskCounters counters{.acknowledged = token.disk_counter, .next = token.disk_counter + 1};
    ASSERT_OK(disk_.Open(dek_, binding_, counters, AnyContent));
    EXPECT_EQ(ReadText(std::string(kMountPoint) + "/file"), "of old");
    ASSERT_OK(disk_.Advance(dek_, binding_, counters));
    ASSERT_OK(disk_.Close());
    ASSERT_OK_AND_ASSIGN(const UnverifiedHeader advanced,
                         ParseHeader(ReadRaw(0, kLuksHeaderRegionBytes), RawSize()));
    EXPECT_EQ(advanced.image.token.format, kHeaderFormat2);
    EXPECT_OK(disk_.Open(dek_, binding_, {.acknowledged = counters.next, .next = counters.next + 1},
                         AnyContent));
    EXPECT_NE(access("/dev/mapper/kedge-state_fs", F_OK), 0);
    ASSERT_OK(disk_.Close());
  }
}

}  // namespace
}  // namespace kedge
