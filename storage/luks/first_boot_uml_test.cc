// Runs inside User-mode Linux (tests/uml/run) as root, with real device-mapper, on two empty disks:
// 64 MiB at /dev/ubda and 8 GiB at /dev/ubdb. What a first boot costs is counted in bytes, which no
// neighbour on the machine changes; scripts/bench first-boot measures the time.
#include <gtest/gtest.h>

#include <sstream>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "storage/core/extent_record.h"
#include "storage/core/live_table.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/luks/block_disk.h"
#include "storage/luks/crypt_volume.h"
#include "storage/luks/header_memfd.h"
#include "storage/luks/mappings.h"
#include "storage/luks/testing/uml_disk.h"

namespace kedge {
namespace {

using luks_uml::AnyContent;
using luks_uml::kFresh;
using luks_uml::kMountPoint;
using luks_uml::ReadText;

constexpr char kLargeDisk[] = "/dev/ubdb";
constexpr uint64_t kMebibyte = uint64_t{1} << 20;
constexpr uint64_t kSector = 512;

// Bytes that were read from and written to a device since the kernel began (Linux,
// Documentation/block/stat.rst: the third and the seventh number, in sectors).
uint64_t Traffic(const std::string& name) {
  std::istringstream numbers(ReadText("/sys/block/" + name + "/stat"));
  uint64_t number = 0, sum = 0;
  for (int field = 1; field <= 7 && numbers >> number; ++field) {
    if (field == 3 || field == 7) sum += number * kSector;
  }
  return sum;
}

// The journal of an open disk. Bytes.
uint64_t JournalOf(const std::string& mapping) {
  const auto live = ReadLiveTables(mapping);
  EXPECT_OK(live);
  const std::string& parameters = live->integrity.at(0).parameters;
  const std::string name = "journal_sectors:";
  const size_t at = parameters.find(name);
  EXPECT_NE(at, std::string::npos) << parameters;
  return std::stoull(parameters.substr(at + name.size())) * kSector;
}

class FirstBootUmlTest : public luks_uml::DiskTest {
 protected:
  uint64_t FirstBoot(LuksStateDisk& disk, const std::string& name) {
    const uint64_t before = Traffic(name);
    EXPECT_OK(disk.Format(dek_, binding_, kFresh.next, nullptr));
    EXPECT_OK(disk.Open(dek_, binding_, kFresh, AnyContent));
    const uint64_t bytes = Traffic(name) - before;
    EXPECT_OK(WriteFileAtomically(std::string(kMountPoint) + "/file", AsBytes("kept"), 0600));
    return bytes;
  }

  LuksStateDisk large_{{.device = kLargeDisk}};
};

TEST_F(FirstBootUmlTest, CostsOfALargeDiskWhatItCostsOfASmallOne) {
  const uint64_t small = FirstBoot(disk_, "ubda");
  EXPECT_LE(JournalOf("kedge-state"), kMebibyte);
  ASSERT_OK(disk_.Close());
  const uint64_t large = FirstBoot(large_, "ubdb");
  EXPECT_LE(JournalOf("kedge-state"), kMostJournalBytes);
  EXPECT_GE(JournalOf("kedge-state"), kMostJournalBytes / 2);
  ASSERT_OK(large_.Close());
  RecordProperty("small_bytes", std::to_string(small));
  RecordProperty("large_bytes", std::to_string(large));
  EXPECT_GT(small, kFormatExtentBytes) << "the counters count";
  EXPECT_LE(static_cast<double>(large), 1.5 * static_cast<double>(small))
      << large / kMebibyte << " MiB of the large disk, " << small / kMebibyte
      << " of the small one";
}

// S6: the size of the journal is the integrity superblock's, and no part of what a header must be.
TEST_F(FirstBootUmlTest, DiskWithTheJournalOfBeforeStillOpens) {
  ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
  ASSERT_OK_AND_ASSIGN(const HeaderMemfd memfd, HeaderMemfd::ForNewHeader());
  ASSERT_OK_AND_ASSIGN(CryptVolume volume, CryptVolume::Create(memfd.path(), kLargeDisk,
                                                               /*journal_bytes=*/0, keys.keyslot));
  ASSERT_OK(volume.Activate("kedge-state", keys.keyslot));
  EXPECT_GT(JournalOf("kedge-state"), 4 * kMostJournalBytes);
  ASSERT_OK_AND_ASSIGN(const LiveTables live, ReadLiveTables("kedge-state"));
  ExpectedTables expected;
  expected.data_sectors = live.crypt.at(0).length;
  // As MapAndCheck fills it in.
  const std::string& parameters = live.crypt.at(0).parameters;
  const size_t uuid = parameters.find("cryptsetup:") + 11;
  expected.uuid = parameters.substr(uuid, 36);
  ASSERT_OK_AND_ASSIGN(const BlockDisk disk, BlockDisk::OpenForReading(kLargeDisk));
  expected.disk = DeviceNumber(disk.number());
  ASSERT_OK_AND_ASSIGN(expected.integrity_device, MappedDeviceNumber("kedge-state_dif"));
  EXPECT_OK(CheckLiveTables(live, expected));
  ASSERT_OK(large_.Close());
}

}  // namespace
}  // namespace kedge
