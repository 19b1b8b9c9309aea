// Runs inside User-mode Linux (tests/uml/run) as root, on /dev/ubda with real device-mapper. Each
// case gets a kernel and an empty disk of its own.
#include "storage/luks/luks_state_disk.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/core/marker.h"
#include "storage/luks/crypt_volume.h"
#include "storage/luks/header_memfd.h"
#include "storage/luks/mappings.h"
#include "storage/luks/unique_fd.h"

namespace kedge {
namespace {

constexpr char kDisk[] = "/dev/ubda";
constexpr char kMountPoint[] = "/run/kedge/state";
constexpr size_t kBlock = 4096;

SecretBytes Dek(uint8_t fill) { return SecretBytes::CopyOf(Bytes(32, fill)).value(); }

std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Bytes ReadRaw(uint64_t offset, size_t size) {
  const UniqueFd fd(open(kDisk, O_RDONLY | O_CLOEXEC));
  Bytes out(size);
  EXPECT_EQ(pread(fd.get(), out.data(), size, static_cast<off_t>(offset)),
            static_cast<ssize_t>(size));
  return out;
}

void WriteRaw(uint64_t offset, ByteView content) {
  const UniqueFd fd(open(kDisk, O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(pwrite(fd.get(), content.data(), content.size(), static_cast<off_t>(offset)),
            static_cast<ssize_t>(content.size()));
  ASSERT_EQ(fsync(fd.get()), 0);
}

void FlipRaw(uint64_t offset) {
  Bytes byte = ReadRaw(offset, 1);
  byte[0] ^= 0x01;
  WriteRaw(offset, byte);
}

size_t RawSize() {
  const UniqueFd fd(open(kDisk, O_RDONLY | O_CLOEXEC));
  return static_cast<size_t>(lseek(fd.get(), 0, SEEK_END));
}

bool IsMounted() { return ReadText("/proc/self/mounts").find(kMountPoint) != std::string::npos; }
bool IsMapped() {
  return access("/dev/mapper/kedge-state", F_OK) == 0 ||
         access("/dev/mapper/kedge-state_dif", F_OK) == 0;
}

class LuksStateDiskUmlTest : public testing::Test {
 protected:
  LuksStateDiskUmlTest() : disk_({.device = kDisk}) {}

  void SetUp() override {
    // The kernel of User-mode Linux names its devices so; the test would harm any other disk.
    ASSERT_NE(ReadText("/proc/cpuinfo").find("User Mode Linux"), std::string::npos)
        << "run this under tests/uml/run";
  }

  Sha256Digest FormatDisk() {
    const auto digest = disk_.Format(dek_, binding_, nullptr);
    EXPECT_OK(digest);
    return digest.value_or(Sha256Digest{});
  }

  // Open refuses with one of the faults and leaves nothing mounted and nothing mapped.
  void ExpectRefused(const std::string& fault) {
    EXPECT_THAT(disk_.Open(dek_, binding_), HasFault(fault));
    EXPECT_FALSE(IsMounted());
    EXPECT_FALSE(IsMapped());
  }

  LuksStateDisk disk_;
  const SecretBytes dek_ = Dek(0x11);
  const DiskBinding binding_{
      .cluster_id_hex = std::string(64, 'c'), .node = "node-1", .volume = "state"};
};

TEST_F(LuksStateDiskUmlTest, FormatOpenWriteCloseOpenKeepsData) {
  ASSERT_OK_AND_ASSIGN(const DiskInspection blank, disk_.Inspect());
  EXPECT_EQ(blank.content, DiskContent::kBlank);

  std::vector<int> progress;
  ASSERT_OK_AND_ASSIGN(
      const Sha256Digest formatted,
      disk_.Format(dek_, binding_, [&progress](int percent) { progress.push_back(percent); }));
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_GT(progress.size(), 5U);
  EXPECT_EQ(progress.back(), 100);
  EXPECT_FALSE(IsMounted());
  EXPECT_FALSE(IsMapped());

  ASSERT_OK_AND_ASSIGN(const DiskInspection luks, disk_.Inspect());
  EXPECT_EQ(luks.content, DiskContent::kLuks2) << luks.detail;
  EXPECT_EQ(luks.header_digest, formatted);

  ASSERT_OK_AND_ASSIGN(const Sha256Digest opened, disk_.Open(dek_, binding_));
  EXPECT_EQ(opened, formatted);
  struct statvfs flags {};
  ASSERT_EQ(statvfs(kMountPoint, &flags), 0);
  EXPECT_EQ(flags.f_flag & (ST_NOSUID | ST_NODEV | ST_RDONLY),
            static_cast<unsigned>(ST_NOSUID | ST_NODEV));
  const std::string file = std::string(kMountPoint) + "/file";
  ASSERT_OK(WriteFileAtomically(file, AsBytes("kept across Close and Open"), 0600));
  ASSERT_OK(disk_.Close());
  EXPECT_FALSE(IsMounted());
  EXPECT_FALSE(IsMapped());

  ASSERT_OK(disk_.Open(dek_, binding_));
  EXPECT_EQ(ReadText(file), "kept across Close and Open");
  ASSERT_OK(disk_.Close());
}

TEST_F(LuksStateDiskUmlTest, VolumeKeyLeavesTheKeyringWithTheCall) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_));
  // The kernel collects a destroyed key a moment later.
  const auto held = [] { return ReadText("/proc/keys").find("cryptsetup:") != std::string::npos; };
  for (int tries = 0; held() && tries < 100; ++tries) usleep(50'000);
  EXPECT_FALSE(held()) << ReadText("/proc/keys");
}

TEST_F(LuksStateDiskUmlTest, AnotherKeyIsRefused) {
  FormatDisk();
  EXPECT_THAT(disk_.Open(Dek(0x12), binding_), HasFault("HEADER_MAC"));
  EXPECT_FALSE(IsMapped());
  EXPECT_OK(disk_.Open(dek_, binding_));
}

TEST_F(LuksStateDiskUmlTest, AnotherBindingIsRefused) {
  FormatDisk();
  DiskBinding node = binding_, cluster = binding_, volume = binding_, generation = binding_;
  node.node = "node-2";
  cluster.cluster_id_hex[0] = 'd';
  volume.volume = "data";
  generation.dek_generation = 2;
  for (const DiskBinding& other : {node, cluster, volume, generation}) {
    EXPECT_THAT(disk_.Open(dek_, other), HasFault("HEADER_MAC"));
    EXPECT_FALSE(IsMapped());
  }
}

TEST_F(LuksStateDiskUmlTest, KeyslotThatDoesNotOpenIsRefused) {
  FormatDisk();
  // A header with a right MAC over a keyslot that another key filled.
  Bytes region = ReadRaw(0, kLuksHeaderRegionBytes);
  std::fill_n(region.begin() + kLuksCopiesBytes, kBlock, uint8_t{0x5a});
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader header, ParseHeader(region, RawSize()));
  ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
  ASSERT_OK_AND_ASSIGN(
      const Bytes stamped,
      WithHeaderMac(region, RawSize(), HeaderMac(keys.header_mac, header, binding_)));
  WriteRaw(0, stamped);
  ExpectRefused("WRONG_KEY");
}

TEST_F(LuksStateDiskUmlTest, FlippedHeaderBytesAreRefused) {
  FormatDisk();
  const size_t secondary = kLuksCopyBytes;
  for (const size_t offset :
       {kLuksMagic.offset, kLuksSequence.offset + 7, kLuksUuid.offset, kLuksChecksum.offset,
        kLuksPadding4096.offset, kLuksBinaryHeaderBytes + 20, kLuksCopyBytes - 1,
        secondary + kLuksMagic.offset, secondary + kLuksSalt.offset,
        secondary + kLuksBinaryHeaderBytes + 20, kLuksCopiesBytes, kLuksHeaderRegionBytes - 1}) {
    SCOPED_TRACE(offset);
    FlipRaw(offset);
    ExpectRefused(offset < kLuksCopiesBytes ? "HEADER_NOT_ACCEPTED" : "HEADER_MAC");
    FlipRaw(offset);
  }
  EXPECT_OK(disk_.Open(dek_, binding_));
}

TEST_F(LuksStateDiskUmlTest, ChangedHeaderWithRightChecksumsIsRefused) {
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

TEST_F(LuksStateDiskUmlTest, SwappedHeaderCopiesAreRefused) {
  FormatDisk();
  const Bytes primary = ReadRaw(0, kLuksCopyBytes);
  WriteRaw(0, ReadRaw(kLuksCopyBytes, kLuksCopyBytes));
  WriteRaw(kLuksCopyBytes, primary);
  ExpectRefused("HEADER_NOT_ACCEPTED");
}

TEST_F(LuksStateDiskUmlTest, CopyOfAnOlderHeaderIsRefused) {
  FormatDisk();
  const Bytes older = ReadRaw(kLuksCopyBytes, kLuksCopyBytes);
  FormatDisk();
  WriteRaw(kLuksCopyBytes, older);
  ExpectRefused("HEADER_NOT_ACCEPTED");
}

TEST_F(LuksStateDiskUmlTest, NullCipherHeaderIsRefused) {
  FormatDisk();
  Bytes region = ReadRaw(0, kLuksHeaderRegionBytes);
  for (const size_t copy : {size_t{0}, kLuksCopyBytes}) {
    const size_t json = copy + kLuksBinaryHeaderBytes;
    std::string text(AsText(ByteView(region).subspan(json, kLuksJsonAreaBytes)));
    const size_t segment = text.find("\"segments\"");
    text.replace(text.find("aes-xts-plain64", segment), 15, "cipher_null-ecb");
    std::copy(text.begin(), text.end(), region.begin() + static_cast<ptrdiff_t>(json));
    StoreChecksum(region, copy);
  }
  WriteRaw(0, region);
  ASSERT_OK_AND_ASSIGN(const DiskInspection inspection, disk_.Inspect());
  EXPECT_EQ(inspection.content, DiskContent::kForeign);
  EXPECT_THAT(inspection.detail, testing::HasSubstr("cipher_null-ecb"));
  ExpectRefused("HEADER_NOT_ACCEPTED");
}

TEST_F(LuksStateDiskUmlTest, OpensFromTheCopyAlone) {
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

TEST_F(LuksStateDiskUmlTest, FlippedDataIsAnErrorNeverWrongData) {
  constexpr size_t kBlocks = 256;
  FormatDisk();
  const std::string file = std::string(kMountPoint) + "/file";
  const auto overwrite = [&](uint8_t fill) {
    ASSERT_OK(disk_.Open(dek_, binding_));
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

  ASSERT_OK(disk_.Open(dek_, binding_));
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

TEST_F(LuksStateDiskUmlTest, BlankDiskStaysBlankUnlessToldToFormat) {
  ExpectRefused("DISK_BLANK");
  ASSERT_OK_AND_ASSIGN(const DiskInspection inspection, disk_.Inspect());
  EXPECT_EQ(inspection.content, DiskContent::kBlank);
  EXPECT_EQ(ReadRaw(0, RawSize()), Bytes(RawSize(), 0));
}

TEST_F(LuksStateDiskUmlTest, ForeignDiskStaysAsItIs) {
  ASSERT_EQ(std::system("mkfs.ext4 -q -F /dev/ubda"), 0);
  const Bytes before = ReadRaw(0, RawSize());
  ASSERT_OK_AND_ASSIGN(const DiskInspection inspection, disk_.Inspect());
  EXPECT_EQ(inspection.content, DiskContent::kForeign);
  EXPECT_FALSE(inspection.detail.empty());
  ExpectRefused("HEADER_NOT_ACCEPTED");
  EXPECT_EQ(ReadRaw(0, RawSize()), before);
}

TEST_F(LuksStateDiskUmlTest, KilledDuringTheWipeThenFormatsAgain) {
  FormatDisk();  // an older life of the disk must not come back
  const pid_t child = fork();
  if (child == 0) {
    LuksStateDisk disk({.device = kDisk});
    disk.Format(dek_, binding_,
                [](int percent) {
                  if (percent >= 40) raise(SIGKILL);
                })
        .IgnoreError();
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  ASSERT_TRUE(IsMapped()) << "the kill came too early or too late";

  ASSERT_OK_AND_ASSIGN(const DiskInspection inspection, disk_.Inspect());
  EXPECT_EQ(inspection.content, DiskContent::kBlank);
  ExpectRefused("DISK_BLANK");
  FormatDisk();
  EXPECT_OK(disk_.Open(dek_, binding_));
}

TEST_F(LuksStateDiskUmlTest, FileSystemWithoutItsMarkerIsRefused) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_));
  const std::string marker = std::string(kMountPoint) + "/" + std::string(kMarkerFile);
  const std::string content = ReadText(marker);
  std::string changed = content;
  changed.back() ^= 0x01;
  for (const std::string& wrong : {changed, content.substr(1), content + "x", std::string()}) {
    ASSERT_OK(WriteFileAtomically(marker, AsBytes(wrong), 0600));
    ASSERT_OK(disk_.Close());
    ExpectRefused("MARKER_MISSING");
    // Back in through the layers below, to put the next one there.
    ASSERT_OK_AND_ASSIGN(const HeaderMemfd memfd,
                         HeaderMemfd::SealedCopy(ReadRaw(0, kLuksHeaderRegionBytes)));
    ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
    ASSERT_OK_AND_ASSIGN(CryptVolume volume, CryptVolume::Load(memfd.path(), kDisk));
    ASSERT_OK(volume.Activate("kedge-state", keys.keyslot));
    ASSERT_EQ(std::system("mount -t ext4 /dev/mapper/kedge-state /run/kedge/state"), 0);
  }
  ASSERT_OK(WriteFileAtomically(marker, AsBytes(content), 0600));
  ASSERT_OK(disk_.Close());
  EXPECT_OK(disk_.Open(dek_, binding_));
}

// Others take what is mounted at the mount point for this node's disk.
TEST_F(LuksStateDiskUmlTest, NothingUnverifiedAppearsAtTheMountPoint) {
  std::atomic<bool> stop = false;
  std::atomic<bool> seen = false;
  std::thread watcher([&stop, &seen] {
    const std::string entry = " " + std::string(kMountPoint) + " ";
    while (!stop) {
      if (ReadText("/proc/self/mounts").find(entry) != std::string::npos) seen = true;
    }
  });
  FormatDisk();
  EXPECT_FALSE(seen) << "while formatting, before the header was written";
  ASSERT_OK(disk_.Open(dek_, binding_));
  const std::string marker = std::string(kMountPoint) + "/" + std::string(kMarkerFile);
  ASSERT_EQ(unlink(marker.c_str()), 0);
  ASSERT_OK(disk_.Close());
  seen = false;
  EXPECT_THAT(disk_.Open(dek_, binding_), HasFault("MARKER_MISSING"));
  EXPECT_FALSE(seen) << "a file system that is not this node's";
  stop = true;
  watcher.join();
}

TEST_F(LuksStateDiskUmlTest, DestroyedFileSystemIsRefused) {
  FormatDisk();
  const size_t size = RawSize() - kLuksDataOffset;
  // Spares the integrity superblock and journal, so that the mapping itself comes up.
  WriteRaw(kLuksDataOffset + (size_t{1} << 20), Bytes(size - (size_t{1} << 20), 0));
  ExpectRefused("MARKER_MISSING");
}

TEST_F(LuksStateDiskUmlTest, IntegritySuperblockOfAnotherSizeIsRefused) {
  FormatDisk();
  // provided_data_sectors, little-endian at offset 16 (linux/drivers/md/dm-integrity.c): 8 fewer.
  Bytes sectors = ReadRaw(kLuksDataOffset + 16, 1);
  sectors[0] = static_cast<uint8_t>(sectors[0] - 8);
  WriteRaw(kLuksDataOffset + 16, sectors);
  ExpectRefused("TABLE_MISMATCH");
}

TEST_F(LuksStateDiskUmlTest, IntegritySuperblockFlagsDoNotWeakenIt) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_));
  const std::string file = std::string(kMountPoint) + "/file";
  ASSERT_OK(WriteFileAtomically(file, AsBytes("kept"), 0600));
  ASSERT_OK(disk_.Close());
  // The host owns this superblock. HAVE_JOURNAL_MAC, RECALCULATING and FIXED_HMAC are refused;
  // DIRTY_BITMAP changes nothing in journal mode.
  const uint8_t flags = ReadRaw(kLuksDataOffset + 24, 1)[0];
  for (const int flag : {0x01, 0x02, 0x10}) {
    SCOPED_TRACE(flag);
    WriteRaw(kLuksDataOffset + 24, Bytes{static_cast<uint8_t>(flags | flag)});
    EXPECT_FALSE(disk_.Open(dek_, binding_).ok());
    EXPECT_FALSE(IsMounted());
    EXPECT_FALSE(IsMapped());
  }
  WriteRaw(kLuksDataOffset + 24, Bytes{static_cast<uint8_t>(flags | 0x04)});
  ASSERT_OK(disk_.Open(dek_, binding_));
  EXPECT_EQ(ReadText(file), "kept");
}

TEST_F(LuksStateDiskUmlTest, OpenDiskIsNeitherOpenedNorFormattedAgain) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_));
  const std::string file = std::string(kMountPoint) + "/file";
  ASSERT_OK(WriteFileAtomically(file, AsBytes("kept"), 0600));
  EXPECT_THAT(disk_.Open(dek_, binding_), HasFault("DISK_BUSY"));
  EXPECT_THAT(disk_.Format(dek_, binding_, nullptr), HasFault("DISK_BUSY"));
  EXPECT_EQ(ReadText(file), "kept");
  ASSERT_OK(disk_.Close());
  EXPECT_OK(disk_.Open(dek_, binding_));
  EXPECT_EQ(ReadText(file), "kept");
}

TEST_F(LuksStateDiskUmlTest, MappingThatAKilledOpenLeftIsCleared) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_));
  ASSERT_EQ(std::system("umount /run/kedge/state"), 0);
  ASSERT_TRUE(IsMapped());
  EXPECT_OK(disk_.Open(dek_, binding_));
}

TEST_F(LuksStateDiskUmlTest, MountThatAKilledOpenLeftIsCleared) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_));
  ASSERT_EQ(std::system("mount --bind /run/kedge/state /run/kedge/state.unverified && "
                        "umount /run/kedge/state"),
            0);
  EXPECT_OK(disk_.Open(dek_, binding_));
  EXPECT_EQ(ReadText("/proc/self/mounts").find(".unverified"), std::string::npos);
}

// A disk of format 1, of which only the header and the integrity superblock are kept: everything up
// to the file system passes, so that node after node can be upgraded (S6).
TEST_F(LuksStateDiskUmlTest, HeaderOfFormat1StillOpens) {
  const std::string folder = KEDGE_SOURCE_DIR "/tests/testdata/storage/disk-v1/";
  WriteRaw(0, ToBytes(ReadText(folder + "header.bin")));
  WriteRaw(kLuksDataOffset, ToBytes(ReadText(folder + "integrity.bin")));
  ExpectRefused("MARKER_MISSING");
}

TEST_F(LuksStateDiskUmlTest, AbsentDiskIsNamed) {
  LuksStateDisk absent({.device = "/dev/disk/by-id/virtio-kedge-state"});
  EXPECT_THAT(absent.Inspect(), HasFault("DISK_ABSENT"));
  EXPECT_THAT(absent.Open(dek_, binding_), HasFault("DISK_ABSENT"));
  EXPECT_THAT(absent.Format(dek_, binding_, nullptr), HasFault("DISK_ABSENT"));
  LuksStateDisk file({.device = "/proc/self/exe"});
  EXPECT_THAT(file.Inspect(), HasCode(StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace kedge
