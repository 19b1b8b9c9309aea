// Runs inside User-mode Linux (tests/uml/run) as root, with real device-mapper. Each case gets a
// kernel and two empty disks of its own: /dev/ubda grows, /dev/ubdb is what a power cut leaves of
// it.
#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <thread>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "house/folders.h"
#include "storage/core/extent_record.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/luks/disk_grower.h"
#include "storage/luks/mappings.h"
#include "storage/luks/testing/uml_disk.h"
#include "storage/luks/unique_fd.h"

namespace kedge {
namespace {

using luks_uml::AnyContent;
using luks_uml::kFresh;
using luks_uml::kMountPoint;
using luks_uml::ReadText;

constexpr char kMapping[] = "kedge-state";
constexpr char kCopyDisk[] = "/dev/ubdb";
constexpr char kCopyMapping[] = "kedge-copy";
constexpr char kCopyMountPoint[] = "/run/kedge/copy";
constexpr uint64_t kMebibyte = uint64_t{1} << 20;
constexpr std::array kPoints = {GrowthPoint::kWiped, GrowthPoint::kFlushed, GrowthPoint::kRecorded,
                                GrowthPoint::kMapped, GrowthPoint::kGrown};

bool NeverPause(absl::Duration, bool) { return true; }
void Ignore(const GrowthProgress&) {}

// Every block of `device` can be read; returns how many there are.
uint64_t ReadAll(const std::string& device) {
  const UniqueFd fd(open(device.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(fd.ok()) << device;
  Bytes piece(kMebibyte);
  uint64_t done = 0;
  while (true) {
    const ssize_t got = pread(fd.get(), piece.data(), piece.size(), static_cast<off_t>(done));
    EXPECT_GE(got, 0) << device << " at " << done << ": " << errno;
    if (got <= 0) return done;
    done += static_cast<uint64_t>(got);
  }
}

void ExpectJournal() {
  ASSERT_OK_AND_ASSIGN(const LiveTables live, ReadLiveTables(kMapping));
  ASSERT_EQ(live.integrity.size(), 1U);
  EXPECT_THAT(live.integrity[0].parameters, testing::HasSubstr(" 32 J "));
}

// What an application was told is on the disk: name and content of fsynced files.
class Acknowledged {
 public:
  explicit Acknowledged(std::string folder) : folder_(std::move(folder)) {}

  void Write() {
    const std::string name = "file" + std::to_string(files_.size());
    const std::string content(1 + files_.size() * 3000 % 100'000,
                              static_cast<char>('a' + files_.size() % 26));
    const Status status = WriteFileAtomically(folder_ + "/" + name, AsBytes(content), 0600);
    if (status.ok()) files_[name] = content;
  }
  void ExpectAllIn(const std::string& folder) const {
    for (const auto& [name, content] : files_) {
      EXPECT_TRUE(ReadText(folder + "/" + name) == content) << name;
    }
  }
  size_t size() const { return files_.size(); }

 private:
  const std::string folder_;
  std::map<std::string, std::string> files_;
};

class DiskGrowthUmlTest : public luks_uml::DiskTest {
 protected:
  void FormatAndOpen() {
    FormatDisk();
    ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  }
  SecretBytes ExtentKey() const {
    return DeriveStateDiskKeys(luks_uml::Dek(0x11))->extent.Clone().value();
  }
  StatusOr<GrowthProgress> Grow(const GrowthHooks& hooks = {.pace = NeverPause,
                                                            .progress = Ignore}) {
    return GrowStateDisk(kMapping, kMountPoint, ExtentKey(), hooks);
  }
  // The growing process dies at `point` of its `step`th step; the machine lives on.
  void DieGrowing(GrowthPoint point, int step) {
    const pid_t child = fork();
    if (child == 0) {
      int left = step;
      // Its secrets are made in the child: others are wiped there.
      Grow({.pace = NeverPause,
            .progress = Ignore,
            .at =
                [point, &left](GrowthPoint at) {
                  if (at == point && --left == 0) raise(SIGKILL);
                }})
          .IgnoreError();
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
  // Closes the disk, checks its file system and all of what can be read, and opens it again.
  void CheckClosed() {
    ASSERT_OK(disk_.Close());
    ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
    ASSERT_EQ(std::system("umount /run/kedge/state && e2fsck -fn /dev/mapper/kedge-state_fs "
                          ">/run/fsck 2>&1"),
              0)
        << ReadText("/run/fsck");
    ReadAll("/dev/mapper/kedge-state_fs");
    ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  }
};

TEST_F(DiskGrowthUmlTest, GrowsToTheEndWhileItIsUsed) {
  FormatAndOpen();
  // Far from finished, and all of what is shown can be read.
  EXPECT_EQ(ReadAll("/dev/mapper/kedge-state_fs"), kFormatExtentBytes - kFileSystemOffset);
  Acknowledged files(kMountPoint);
  std::atomic<bool> stop = false;
  std::thread writer([&files, &stop] {
    while (!stop) files.Write();
  });
  std::vector<GrowthProgress> steps;
  const auto progress =
      Grow({.pace = NeverPause,
            .progress = [&steps](const GrowthProgress& at) { steps.push_back(at); },
            .at = [](GrowthPoint) { ExpectJournal(); }});
  stop = true;
  writer.join();
  ASSERT_OK(progress);
  EXPECT_TRUE(progress->Done());
  EXPECT_GT(progress->total, 230 * kMebibyte);
  ASSERT_GE(steps.size(), 4U);
  EXPECT_EQ(steps.front().prepared, kFormatExtentBytes);
  EXPECT_EQ(steps.back().prepared, progress->total);
  EXPECT_GE(files.size(), 10U);
  struct statvfs space {};
  ASSERT_EQ(statvfs(kMountPoint, &space), 0);
  EXPECT_GT(space.f_blocks * space.f_frsize, 210 * kMebibyte);
  files.ExpectAllIn(kMountPoint);

  // Nothing of the opened device is left that cannot be read.
  ASSERT_NO_FATAL_FAILURE(CheckClosed());
  EXPECT_EQ(ReadAll("/dev/mapper/kedge-state"), progress->total);
  files.ExpectAllIn(kMountPoint);
  ASSERT_OK_AND_ASSIGN(const GrowthProgress again, Grow());
  EXPECT_TRUE(again.Done());
}

TEST_F(DiskGrowthUmlTest, KilledAtEachPointGoesOnAndLosesNothing) {
  FormatAndOpen();
  Acknowledged files(kMountPoint);
  files.Write();
  for (const GrowthPoint point : kPoints) {
    SCOPED_TRACE(static_cast<int>(point));
    // kMapped and kGrown are also passed once before the first step.
    ASSERT_NO_FATAL_FAILURE(DieGrowing(point, point >= GrowthPoint::kMapped ? 2 : 1));
    files.Write();
    ASSERT_NO_FATAL_FAILURE(CheckClosed());
    files.ExpectAllIn(kMountPoint);
  }
  ASSERT_OK_AND_ASSIGN(const GrowthProgress progress, Grow());
  EXPECT_TRUE(progress.Done());
  ASSERT_NO_FATAL_FAILURE(CheckClosed());
  files.ExpectAllIn(kMountPoint);
}

// What the disk holds at a point is copied to a second disk, as a power cut would leave it, and
// opened there as the next boot does.
TEST_F(DiskGrowthUmlTest, PowerCutAtEachPointGoesOnAndLosesNothing) {
  FormatAndOpen();
  Acknowledged files(kMountPoint);
  LuksStateDisk copy(
      {.device = kCopyDisk, .mapping = kCopyMapping, .mount_point = kCopyMountPoint});
  int cuts = 0;
  const auto cut = [&](GrowthPoint point) {
    SCOPED_TRACE(static_cast<int>(point));
    files.Write();
    ASSERT_EQ(std::system("dd if=/dev/ubda of=/dev/ubdb bs=1M iflag=direct oflag=direct "
                          "2>/run/dd"),
              0);
    ASSERT_OK(copy.Open(dek_, binding_, kFresh, AnyContent));
    files.ExpectAllIn(kCopyMountPoint);
    ASSERT_OK_AND_ASSIGN(const GrowthProgress progress,
                         GrowStateDisk(kCopyMapping, kCopyMountPoint, ExtentKey(),
                                       {.pace = NeverPause, .progress = Ignore}));
    EXPECT_TRUE(progress.Done());
    files.ExpectAllIn(kCopyMountPoint);
    ASSERT_EQ(std::system("umount /run/kedge/copy && e2fsck -fn /dev/mapper/kedge-copy_fs "
                          ">/run/fsck 2>&1"),
              0)
        << ReadText("/run/fsck");
    EXPECT_EQ(ReadAll("/dev/mapper/kedge-copy"), progress.total);
    ASSERT_OK(copy.Close());
    ++cuts;
  };
  std::map<GrowthPoint, int> seen;
  ASSERT_OK(Grow({.pace = NeverPause, .progress = Ignore, .at = [&](GrowthPoint point) {
                    // The second of each: in the middle of a growth.
                    if (++seen[point] == 2) cut(point);
                  }}));
  EXPECT_EQ(cuts, static_cast<int>(kPoints.size()));
}

TEST_F(DiskGrowthUmlTest, StopsWhenAskedAndGoesOnLater) {
  FormatAndOpen();
  int pieces = 0;
  const GrowthHooks stopping{.pace = [&pieces](absl::Duration, bool) { return ++pieces < 70; },
                             .progress = Ignore};
  ASSERT_OK_AND_ASSIGN(const GrowthProgress first, Grow(stopping));
  EXPECT_EQ(first.prepared, 96 * kMebibyte) << "a whole step, and a part that does not count";
  ASSERT_OK_AND_ASSIGN(const GrowthProgress rest, Grow());
  EXPECT_TRUE(rest.Done());
}

TEST_F(DiskGrowthUmlTest, SaysWhenTheWriterRunsOutOfSpace) {
  FormatAndOpen();
  bool at_first = true, later = true;
  const auto once = [](bool& is_short) {
    return GrowthHooks{.pace =
                           [&is_short](absl::Duration, bool now) {
                             is_short = now;
                             return false;
                           },
                       .progress = Ignore};
  };
  ASSERT_OK(Grow(once(at_first)));
  EXPECT_FALSE(at_first);
  ASSERT_NE(std::system("dd if=/dev/zero of=/run/kedge/state/full bs=1M 2>/run/dd"), 0) << "ENOSPC";
  ASSERT_OK(Grow(once(later)));
  EXPECT_TRUE(later);
  // Room comes with the growth, without a restart of anything.
  ASSERT_OK(Grow());
  EXPECT_EQ(std::system("dd if=/dev/zero of=/run/kedge/state/full bs=1M count=100 conv=fsync "
                        "2>/run/dd"),
            0);
}

TEST_F(DiskGrowthUmlTest, OneAtATime) {
  FormatAndOpen();
  bool asked = false;
  ASSERT_OK(Grow({.pace =
                      [&](absl::Duration, bool) {
                        EXPECT_THAT(Grow(), HasFault("DISK_BUSY"));
                        asked = true;
                        return false;
                      },
                  .progress = Ignore}));
  EXPECT_TRUE(asked);
}

// The program of the unit, with the key that Open left for it.
TEST_F(DiskGrowthUmlTest, ProgramGrowsPausesAndGoesOn) {
  const std::string program = KEDGE_BINARY_DIR "/storage/grow/kedge-disk-grow";
  FormatAndOpen();
  ASSERT_EQ(std::system((program + " --status >/run/status").c_str()), 0);
  EXPECT_THAT(ReadText("/run/status"), testing::HasSubstr("\"prepared_bytes\":33554432"));
  EXPECT_THAT(ReadText("/run/status"), testing::HasSubstr("\"done\":false"));
  // Nearly all of the time it pauses; asked to stop, it ends well.
  ASSERT_EQ(std::system(("timeout --preserve-status 3 " + program + " --share 1").c_str()), 0);
  ASSERT_OK_AND_ASSIGN(GrowthProgress progress, ReadGrowth(kMapping));
  EXPECT_FALSE(progress.Done());
  ASSERT_EQ(std::system(program.c_str()), 0);
  ASSERT_OK_AND_ASSIGN(progress, ReadGrowth(kMapping));
  EXPECT_TRUE(progress.Done());
  // The key is gone with its use, and a second run has nothing to do.
  ASSERT_OK_AND_ASSIGN(const auto key, ExtentKeyInKernel(kMapping).Load());
  EXPECT_FALSE(key.has_value());
  EXPECT_EQ(std::system(program.c_str()), 0);
  ASSERT_NO_FATAL_FAILURE(CheckClosed());
}

TEST_F(DiskGrowthUmlTest, ProgramSaysThatADamagedRecordNeedsTheOwner) {
  const std::string program = KEDGE_BINARY_DIR "/storage/grow/kedge-disk-grow";
  FormatAndOpen();
  ASSERT_EQ(std::system("dd if=/dev/zero of=/dev/mapper/kedge-state bs=4096 count=1 oflag=direct "
                        "conv=notrunc 2>/run/dd"),
            0);
  const int status = std::system((program + " 2>/run/said").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(ReadText("/run/said"), testing::HasSubstr("is damaged"));
  ASSERT_OK_AND_ASSIGN(const GrowthProgress progress, ReadGrowth(kMapping));
  EXPECT_EQ(progress.prepared, kFormatExtentBytes);
}

}  // namespace
}  // namespace kedge
