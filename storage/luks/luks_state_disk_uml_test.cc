// Runs inside User-mode Linux (tests/uml/run) as root, on /dev/ubda with real device-mapper. Each
// case gets a kernel and an empty disk of its own.
#include "house/folders.h"
#include "storage/luks/luks_state_disk.h"

#include <signal.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/core/marker.h"
#include "storage/luks/state_extent.h"
#include "storage/luks/testing/uml_disk.h"

namespace kedge {
namespace {

using luks_uml::AnyContent;
using luks_uml::IsMapped;
using luks_uml::IsMounted;
using luks_uml::kDisk;
using luks_uml::kFresh;
using luks_uml::kMountPoint;
using luks_uml::RawSize;
using luks_uml::ReadRaw;
using luks_uml::ReadText;
using luks_uml::WriteRaw;

class LuksStateDiskUmlTest : public luks_uml::DiskTest {};

TEST_F(LuksStateDiskUmlTest, FormatOpenWriteCloseOpenKeepsData) {
  ASSERT_OK_AND_ASSIGN(const DiskInspection blank, disk_.Inspect());
  EXPECT_EQ(blank.content, DiskContent::kBlank);

  std::vector<int> progress;
  ASSERT_OK_AND_ASSIGN(const Sha256Digest formatted,
                       disk_.Format(dek_, binding_, kFresh.next,
                                    [&progress](int percent) { progress.push_back(percent); }));
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_GT(progress.size(), 5U);
  EXPECT_EQ(progress.back(), 100);
  EXPECT_FALSE(IsMounted());
  EXPECT_FALSE(IsMapped());

  ASSERT_OK_AND_ASSIGN(const DiskInspection luks, disk_.Inspect());
  EXPECT_EQ(luks.content, DiskContent::kLuks2) << luks.detail;
  EXPECT_EQ(luks.header_digest, formatted);

  ASSERT_OK_AND_ASSIGN(const OpenedDisk opened, disk_.Open(dek_, binding_, kFresh, AnyContent));
  EXPECT_EQ(opened.header_digest, formatted);
  EXPECT_EQ(opened.disk_counter, 1U);
  struct statvfs flags {};
  ASSERT_EQ(statvfs(kMountPoint, &flags), 0);
  EXPECT_EQ(flags.f_flag & (ST_NOSUID | ST_NODEV | ST_RDONLY),
            static_cast<unsigned>(ST_NOSUID | ST_NODEV));
  const std::string file = std::string(kMountPoint) + "/file";
  ASSERT_OK(WriteFileAtomically(file, AsBytes("kept across Close and Open"), 0600));
  ASSERT_OK(disk_.Close());
  EXPECT_FALSE(IsMounted());
  EXPECT_FALSE(IsMapped());

  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  EXPECT_EQ(ReadText(file), "kept across Close and Open");
  ASSERT_OK(disk_.Close());
}

TEST_F(LuksStateDiskUmlTest, VolumeKeyLeavesTheKeyringWithTheCall) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  // The kernel collects a destroyed key a moment later.
  const auto held = [] { return ReadText("/proc/keys").find("cryptsetup:") != std::string::npos; };
  for (int tries = 0; held() && tries < 100; ++tries) usleep(50'000);
  EXPECT_FALSE(held()) << ReadText("/proc/keys");
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
    disk.Format(dek_, binding_, kFresh.next,
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
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
}

// Device-mapper makes a device in three calls: its name, its table, its start.
TEST_F(LuksStateDiskUmlTest, KilledBetweenTheCallsThatMakeADeviceThenGoesOn) {
  FormatDisk();
  for (const char* device : {"kedge-state_dif", "kedge-state", "kedge-state_fs"}) {
    SCOPED_TRACE(device);
    const std::string create = std::string("dmsetup create --notable ") + device;
    const std::string load = std::string("dmsetup load ") + device + " --table '0 8 linear 98:0 0'";
    ASSERT_EQ(std::system(create.c_str()), 0);
    EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent)) << "named";
    ASSERT_OK(disk_.Close());
    ASSERT_EQ(std::system((create + " && " + load).c_str()), 0);
    FormatDisk();
    EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent)) << "named, with a table";
    ASSERT_OK(disk_.Close());
  }
}

TEST_F(LuksStateDiskUmlTest, FileSystemWithoutItsMarkerIsRefused) {
  ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
  const Sha256Digest digest = FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  const std::string marker = std::string(kMountPoint) + "/" + std::string(kMarkerFile);
  const std::string content = ReadText(marker);
  std::string changed = content;
  changed.back() ^= 0x01;
  for (const std::string& wrong : {changed, content.substr(1), content + "x", std::string()}) {
    ASSERT_OK(WriteFileAtomically(marker, AsBytes(wrong), 0600));
    ASSERT_OK(disk_.Close());
    ExpectRefused("MARKER_MISSING");
    // Back in through the layers below, to put the next one there.
    ASSERT_NO_FATAL_FAILURE(MapBelow());
    ASSERT_OK(OpenExtent("kedge-state", keys.extent, {.disk = digest, .disk_counter = 1}));
    ASSERT_EQ(std::system("mount -t ext4 /dev/mapper/kedge-state_fs /run/kedge/state"), 0);
  }
  ASSERT_OK(WriteFileAtomically(marker, AsBytes(content), 0600));
  ASSERT_OK(disk_.Close());
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
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
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  const std::string marker = std::string(kMountPoint) + "/" + std::string(kMarkerFile);
  ASSERT_EQ(unlink(marker.c_str()), 0);
  ASSERT_OK(disk_.Close());
  seen = false;
  EXPECT_THAT(disk_.Open(dek_, binding_, kFresh, AnyContent), HasFault("MARKER_MISSING"));
  EXPECT_FALSE(seen) << "a file system that is not this node's";
  stop = true;
  watcher.join();
}

TEST_F(LuksStateDiskUmlTest, OpenDiskIsNeitherOpenedNorFormattedAgain) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  const std::string file = std::string(kMountPoint) + "/file";
  ASSERT_OK(WriteFileAtomically(file, AsBytes("kept"), 0600));
  EXPECT_THAT(disk_.Open(dek_, binding_, kFresh, AnyContent), HasFault("DISK_BUSY"));
  EXPECT_THAT(disk_.Format(dek_, binding_, kFresh.next, nullptr), HasFault("DISK_BUSY"));
  EXPECT_EQ(ReadText(file), "kept");
  ASSERT_OK(disk_.Close());
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  EXPECT_EQ(ReadText(file), "kept");
}

TEST_F(LuksStateDiskUmlTest, DiskThatIsMountedElsewhereIsNotFormatted) {
  ASSERT_EQ(std::system("mkfs.ext4 -q -F /dev/ubda && mkdir /run/other && "
                        "mount /dev/ubda /run/other && echo kept >/run/other/file"),
            0);
  EXPECT_THAT(disk_.Format(dek_, binding_, kFresh.next, nullptr), HasFault("DISK_BUSY"));
  EXPECT_EQ(ReadText("/run/other/file"), "kept\n");
}

TEST_F(LuksStateDiskUmlTest, SmallestDiskWorksAndASmallerOneIsNamed) {
  ASSERT_EQ(std::system("truncate -s 32M /run/least && losetup /dev/loop0 /run/least && "
                        "truncate -s 33550336 /run/less && losetup /dev/loop1 /run/less"),
            0);
  LuksStateDisk least({.device = "/dev/loop0"});
  ASSERT_OK(least.Format(dek_, binding_, kFresh.next, nullptr));
  EXPECT_OK(least.Open(dek_, binding_, kFresh, AnyContent));
  EXPECT_OK(least.Close());
  LuksStateDisk less({.device = "/dev/loop1"});
  EXPECT_THAT(less.Format(dek_, binding_, kFresh.next, nullptr), HasFault("DISK_TOO_SMALL"));
  ASSERT_OK_AND_ASSIGN(const DiskInspection inspection, less.Inspect());
  EXPECT_EQ(inspection.content, DiskContent::kForeign);
}

TEST_F(LuksStateDiskUmlTest, MappingThatAKilledOpenLeftIsCleared) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  ASSERT_EQ(std::system("umount /run/kedge/state"), 0);
  ASSERT_TRUE(IsMapped());
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
}

TEST_F(LuksStateDiskUmlTest, MountThatAKilledOpenLeftIsCleared) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  ASSERT_EQ(std::system("mount --bind /run/kedge/state /run/kedge/state.unverified && "
                        "umount /run/kedge/state"),
            0);
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  EXPECT_EQ(ReadText("/proc/self/mounts").find(".unverified"), std::string::npos);
}

// A disk of format 1, of which only the header and the integrity superblock are kept: everything up
// to the file system passes, so that node after node can be upgraded (S6).
TEST_F(LuksStateDiskUmlTest, HeaderOfFormat1StillOpens) {
  const std::string folder = KEDGE_SOURCE_DIR "/tests/testdata/storage/disk-v1/";
  WriteRaw(0, ToBytes(ReadText(folder + "header.bin")));
  WriteRaw(kLuksDataOffset, ToBytes(ReadText(folder + "integrity.bin")));
  ExpectRefused("MARKER_MISSING");
  ASSERT_OK_AND_ASSIGN(const DiskInspection before, disk_.Inspect());
  EXPECT_EQ(before.disk_counter, 0U);
  // It counts from its first advance on, and is the same disk to the registry.
  ASSERT_OK(disk_.Advance(dek_, binding_, {.acknowledged = 0, .next = 1}));
  ASSERT_OK_AND_ASSIGN(const DiskInspection after, disk_.Inspect());
  EXPECT_EQ(after.disk_counter, 1U);
  EXPECT_EQ(after.header_digest, before.header_digest);
  ExpectRefused("MARKER_MISSING");
  ExpectRefused("STALE_DISK", {.acknowledged = 2, .next = 3});
}

TEST_F(LuksStateDiskUmlTest, AbsentDiskIsNamed) {
  LuksStateDisk absent({.device = "/dev/disk/by-id/virtio-kedge-state"});
  EXPECT_THAT(absent.Inspect(), HasFault("DISK_ABSENT"));
  EXPECT_THAT(absent.Open(dek_, binding_, kFresh, AnyContent), HasFault("DISK_ABSENT"));
  EXPECT_THAT(absent.Format(dek_, binding_, kFresh.next, nullptr), HasFault("DISK_ABSENT"));
  LuksStateDisk file({.device = "/proc/self/exe"});
  EXPECT_THAT(file.Inspect(), HasCode(StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace kedge
