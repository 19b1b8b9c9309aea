// Runs inside User-mode Linux (tests/uml/run) as root, on /dev/ubda with real device-mapper. Each
// case gets a kernel and an empty disk of its own; the test plays the host that changes it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/core/testing/hostile_headers.h"
#include "storage/luks/crypt_volume.h"
#include "storage/luks/header_memfd.h"
#include "storage/luks/luks_state_disk.h"
#include "storage/luks/mappings.h"
#include "storage/luks/testing/uml_disk.h"
#include "storage/luks/unique_fd.h"

namespace kedge {
namespace {

constexpr size_t kBlock = kLuksSectorBytes;

using luks_uml::AnyContent;
using luks_uml::Dek;
using luks_uml::FlipRaw;
using luks_uml::IsMapped;
using luks_uml::IsMounted;
using luks_uml::kDisk;
using luks_uml::kFresh;
using luks_uml::kMountPoint;
using luks_uml::RawSize;
using luks_uml::ReadRaw;
using luks_uml::ReadText;
using luks_uml::WriteRaw;

class HostileDiskUmlTest : public luks_uml::DiskTest {};

TEST_F(HostileDiskUmlTest, AnotherKeyIsRefused) {
  FormatDisk();
  EXPECT_THAT(disk_.Open(Dek(0x12), binding_, kFresh, AnyContent), HasFault("HEADER_MAC"));
  EXPECT_FALSE(IsMapped());
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
}

TEST_F(HostileDiskUmlTest, AnotherBindingIsRefused) {
  FormatDisk();
  DiskBinding node = binding_, cluster = binding_, volume = binding_, generation = binding_;
  node.node = "node-2";
  cluster.cluster_id_hex[0] = 'd';
  volume.volume = "data";
  generation.dek_generation = 2;
  for (const DiskBinding& other : {node, cluster, volume, generation}) {
    EXPECT_THAT(disk_.Open(dek_, other, kFresh, AnyContent), HasFault("HEADER_MAC"));
    EXPECT_FALSE(IsMapped());
  }
}

TEST_F(HostileDiskUmlTest, KeyslotThatDoesNotOpenIsRefused) {
  FormatDisk();
  // A header with a right MAC over a keyslot that another key filled.
  Bytes region = ReadRaw(0, kLuksHeaderRegionBytes);
  std::fill_n(region.begin() + kLuksCopiesBytes, kBlock, uint8_t{0x5a});
  ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
  ASSERT_OK_AND_ASSIGN(const Bytes stamped,
                       WithHeaderMac(region, RawSize(), keys.header_mac, binding_));
  WriteRaw(0, stamped);
  ExpectRefused("WRONG_KEY");
}

TEST_F(HostileDiskUmlTest, FlippedHeaderBytesAreRefused) {
  FormatDisk();
  const size_t secondary = kLuksCopyBytes;
  for (const size_t offset :
       {kLuksMagic.offset, kLuksUuid.offset, kLuksChecksum.offset + 32, kLuksPadding4096.offset,
        kLuksBinaryHeaderBytes + 20, kLuksCopyBytes - 1, secondary + kLuksMagic.offset,
        secondary + kLuksBinaryHeaderBytes + 20, kLuksCopiesBytes, kLuksHeaderRegionBytes - 1}) {
    SCOPED_TRACE(offset);
    FlipRaw(offset);
    ExpectRefused(offset < kLuksCopiesBytes ? "HEADER_NOT_ACCEPTED" : "HEADER_MAC");
    FlipRaw(offset);
  }
  // In both copies nothing is forgiven.
  for (const size_t offset : {kLuksSequence.offset + 7, kLuksSalt.offset, kLuksChecksum.offset}) {
    SCOPED_TRACE(offset);
    FlipRaw(offset);
    FlipRaw(secondary + offset);
    ExpectRefused("HEADER_NOT_ACCEPTED");
    FlipRaw(offset);
    FlipRaw(secondary + offset);
  }
  // In one copy, what an advance changes may be what a power cut left: the other copy counts, and
  // the next advance repairs it.
  const Bytes whole = ReadRaw(0, kLuksHeaderRegionBytes);
  for (const size_t offset : {kLuksSequence.offset + 7, kLuksChecksum.offset,
                              secondary + kLuksSalt.offset, secondary + kLuksChecksum.offset}) {
    SCOPED_TRACE(offset);
    FlipRaw(offset);
    ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
    ASSERT_OK(disk_.Advance(dek_, binding_, kFresh));
    ASSERT_OK(disk_.Close());
    ASSERT_OK_AND_ASSIGN(const UnverifiedHeader repaired,
                         ParseHeader(ReadRaw(0, kLuksHeaderRegionBytes), RawSize()));
    EXPECT_EQ(repaired.copies, HeaderCopies::kEqual);
    WriteRaw(0, whole);
  }
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
}

TEST_F(HostileDiskUmlTest, ChangedHeaderWithRightChecksumsIsRefused) {
  FormatDisk();
  Bytes region = ReadRaw(0, kLuksHeaderRegionBytes);
  for (const size_t copy : {size_t{0}, kLuksCopyBytes}) {
    uint8_t& digit = region[copy + kLuksUuid.offset];
    digit = digit == '0' ? '1' : '0';
    StoreChecksum(region, copy);
  }
  WriteRaw(0, region);
  ExpectRefused("HEADER_MAC");
}

TEST_F(HostileDiskUmlTest, SwappedHeaderCopiesAreRefused) {
  FormatDisk();
  const Bytes primary = ReadRaw(0, kLuksCopyBytes);
  WriteRaw(0, ReadRaw(kLuksCopyBytes, kLuksCopyBytes));
  WriteRaw(kLuksCopyBytes, primary);
  ExpectRefused("HEADER_NOT_ACCEPTED");
}

TEST_F(HostileDiskUmlTest, CopyOfAnOlderHeaderIsRefused) {
  FormatDisk();
  const Bytes older = ReadRaw(kLuksCopyBytes, kLuksCopyBytes);
  FormatDisk();
  WriteRaw(kLuksCopyBytes, older);
  ExpectRefused("HEADER_NOT_ACCEPTED");
}

// Both copies name the null cipher; checksums are right.
Bytes WithNullCipher(Bytes region) {
  for (const size_t copy : {size_t{0}, kLuksCopyBytes}) {
    const size_t json = copy + kLuksBinaryHeaderBytes;
    std::string text(AsText(ByteView(region).subspan(json, kLuksJsonAreaBytes)));
    const size_t segment = text.find("\"segments\"");
    text.replace(text.find("aes-xts-plain64", segment), 15, "cipher_null-ecb");
    std::copy(text.begin(), text.end(), region.begin() + static_cast<ptrdiff_t>(json));
    StoreChecksum(region, copy);
  }
  return region;
}

TEST_F(HostileDiskUmlTest, NullCipherHeaderIsRefused) {
  FormatDisk();
  WriteRaw(0, WithNullCipher(ReadRaw(0, kLuksHeaderRegionBytes)));
  ASSERT_OK_AND_ASSIGN(const DiskInspection inspection, disk_.Inspect());
  EXPECT_EQ(inspection.content, DiskContent::kForeign);
  EXPECT_THAT(inspection.detail, ::testing::HasSubstr("cipher_null-ecb"));
  ExpectRefused("HEADER_NOT_ACCEPTED");
}

// Of a disk of this node's, with whatever key: what is said, and that nothing was mapped or
// written. The key plays no part in it.
TEST_F(HostileDiskUmlTest, EveryHostileHeaderIsRefusedWhateverTheKey) {
  FormatDisk();
  const Bytes good = ReadRaw(0, kLuksHeaderRegionBytes);
  size_t count = 0;
  for (const uint32_t format : {kHeaderFormat1, kHeaderFormat2, kHeaderFormat}) {
    for (const testing::HostileHeader& hostile : testing::HostileHeaders(format)) {
      SCOPED_TRACE(hostile.name);
      WriteRaw(0, hostile.region);
      for (const uint8_t key : {uint8_t{0x11}, uint8_t{0x12}}) {
        const Status status = disk_.Open(Dek(key), binding_, kFresh, AnyContent).status();
        EXPECT_THAT(status, HasFault("HEADER_NOT_ACCEPTED"));
        EXPECT_THAT(MessageOf(status), ::testing::HasSubstr(hostile.expected));
      }
      EXPECT_THAT(disk_.Advance(dek_, binding_, kFresh), HasFault("HEADER_NOT_ACCEPTED"));
      EXPECT_FALSE(IsMapped());
      EXPECT_EQ(ReadRaw(0, kLuksHeaderRegionBytes), hostile.region);
      ++count;
    }
  }
  EXPECT_GT(count, 300U);
  WriteRaw(0, good);
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
}

// A host that exchanges the header all the time: what was judged is what is opened, so every Open
// sees the good header or refuses the other; none gets as far as a wrong key or table.
TEST_F(HostileDiskUmlTest, HeaderThatChangesMeanwhileIsNeverOpened) {
  FormatDisk();
  const Bytes good = ReadRaw(0, kLuksCopiesBytes);
  Bytes hostile = WithNullCipher(ReadRaw(0, kLuksHeaderRegionBytes));
  hostile.resize(kLuksCopiesBytes);
  std::atomic<bool> stop = false;
  std::thread host([&] {
    while (!stop) {
      WriteRaw(0, hostile);
      WriteRaw(0, good);
    }
  });
  int opened = 0, refused = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while ((opened < 5 || refused < 5) && std::chrono::steady_clock::now() < deadline) {
    const auto result = disk_.Open(dek_, binding_, kFresh, AnyContent);
    if (result.ok()) {
      ++opened;
      EXPECT_OK(disk_.Close());
    } else {
      ++refused;
      EXPECT_THAT(result, HasFault("HEADER_NOT_ACCEPTED"));
    }
  }
  stop = true;
  host.join();
  EXPECT_GE(opened, 5);
  EXPECT_GE(refused, 5);
}

TEST_F(HostileDiskUmlTest, OpensFromTheCopyAlone) {
  FormatDisk();
  const Bytes region = ReadRaw(0, kLuksHeaderRegionBytes);
  WriteRaw(0, Bytes(kLuksHeaderRegionBytes, 0));
  ASSERT_OK_AND_ASSIGN(const HeaderMemfd memfd, HeaderMemfd::SealedCopy(region));
  ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
  {
    ASSERT_OK_AND_ASSIGN(CryptVolume volume, CryptVolume::Load(memfd.path(), kDisk));
    ASSERT_OK(volume.Activate("kedge-state", keys.keyslot));
  }
  ASSERT_OK_AND_ASSIGN(const LiveTables live, ReadLiveTables("kedge-state"));
  EXPECT_EQ(live.crypt.size(), 1U);
  // The header's host could not have changed the copy after it was judged.
  const UniqueFd writable(open(memfd.path().c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(pwrite(writable.get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  ASSERT_OK(disk_.Close());
  EXPECT_FALSE(IsMapped());
}

// The longest stretch of 4 KiB blocks that differ, as offsets in bytes.
struct Stretch {
  size_t offset = 0;
  size_t blocks = 0;
};
Stretch LongestChange(const Bytes& before, const Bytes& after) {
  Stretch longest, current;
  for (size_t offset = 0; offset + kBlock <= before.size(); offset += kBlock) {
    if (Equal(ByteView(before).subspan(offset, kBlock), ByteView(after).subspan(offset, kBlock))) {
      current = {};
      continue;
    }
    if (current.blocks == 0) current.offset = offset;
    if (++current.blocks > longest.blocks) longest = current;
  }
  return longest;
}

TEST_F(HostileDiskUmlTest, FlippedDataIsAnErrorNeverWrongData) {
  constexpr size_t kBlocks = 256;
  FormatDisk();
  const std::string file = std::string(kMountPoint) + "/file";
  const auto overwrite = [&](uint8_t fill) {
    ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
    const UniqueFd fd(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const Bytes content(kBlocks * kBlock, fill);
    ASSERT_EQ(pwrite(fd.get(), content.data(), content.size(), 0),
              static_cast<ssize_t>(content.size()));
    ASSERT_EQ(fsync(fd.get()), 0);
  };
  overwrite('a');
  ASSERT_OK(disk_.Close());
  const Bytes before = ReadRaw(0, RawSize());
  overwrite('b');
  ASSERT_OK(disk_.Close());
  // Overwritten in place, the file is by far the longest stretch of the disk that changed.
  const Stretch data = LongestChange(before, ReadRaw(0, RawSize()));
  ASSERT_EQ(data.blocks, kBlocks);
  FlipRaw(data.offset + 100 * kBlock + 123);

  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  for (size_t block = 0; block < kBlocks; ++block) {
    SCOPED_TRACE(block);
    Bytes content(kBlock);
    const ssize_t got = pread(fd.get(), content.data(), kBlock, static_cast<off_t>(block * kBlock));
    if (block == 100) {
      EXPECT_EQ(got, -1);
      EXPECT_EQ(errno, EIO);
    } else {
      ASSERT_EQ(got, static_cast<ssize_t>(kBlock));
      EXPECT_EQ(content, Bytes(kBlock, 'b'));
    }
  }
}

TEST_F(HostileDiskUmlTest, DestroyedDataAreaIsRefused) {
  FormatDisk();
  const size_t size = RawSize() - kLuksDataOffset;
  // Spares the integrity superblock and journal, so that the mapping itself comes up.
  WriteRaw(kLuksDataOffset + (size_t{1} << 20), Bytes(size - (size_t{1} << 20), 0));
  ExpectRefused("DISK_IO");
}

TEST_F(HostileDiskUmlTest, IntegritySuperblockOfAnotherSizeIsRefused) {
  FormatDisk();
  // provided_data_sectors, little-endian at offset 16 (linux/drivers/md/dm-integrity.c): 8 fewer.
  Bytes sectors = ReadRaw(kLuksDataOffset + 16, 1);
  sectors[0] = static_cast<uint8_t>(sectors[0] - 8);
  WriteRaw(kLuksDataOffset + 16, sectors);
  ExpectRefused("TABLE_MISMATCH");
}

TEST_F(HostileDiskUmlTest, IntegritySuperblockFlagsDoNotWeakenIt) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  const std::string file = std::string(kMountPoint) + "/file";
  ASSERT_OK(WriteFileAtomically(file, AsBytes("kept"), 0600));
  ASSERT_OK(disk_.Close());
  // The host owns this superblock. HAVE_JOURNAL_MAC, RECALCULATING and FIXED_HMAC are refused;
  // DIRTY_BITMAP changes nothing in journal mode.
  const uint8_t flags = ReadRaw(kLuksDataOffset + 24, 1)[0];
  for (const int flag : {0x01, 0x02, 0x10}) {
    SCOPED_TRACE(flag);
    WriteRaw(kLuksDataOffset + 24, Bytes{static_cast<uint8_t>(flags | flag)});
    EXPECT_FALSE(disk_.Open(dek_, binding_, kFresh, AnyContent).ok());
    EXPECT_FALSE(IsMounted());
    EXPECT_FALSE(IsMapped());
  }
  WriteRaw(kLuksDataOffset + 24, Bytes{static_cast<uint8_t>(flags | 0x04)});
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  EXPECT_EQ(ReadText(file), "kept");
}

}  // namespace
}  // namespace kedge
