// Runs inside User-mode Linux (tests/uml/run) as root, on /dev/ubda with real device-mapper. Each
// case gets a kernel and an empty disk of its own: the disk's counter from boot to boot, cut off
// between its two header copies, and copies of the disk that the host kept.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/luks/luks_state_disk.h"
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

class DiskCounterUmlTest : public luks_uml::DiskTest {
 protected:
  // A whole boot of a node whose service has acknowledged `counter`.
  void BootAndAdvance(uint64_t counter) {
    const DiskCounters counters{.acknowledged = counter, .next = counter + 1};
    ASSERT_OK_AND_ASSIGN(const OpenedDisk opened, disk_.Open(dek_, binding_, counters, AnyContent));
    EXPECT_EQ(opened.disk_counter, counter);
    ASSERT_OK_AND_ASSIGN(const OpenedDisk advanced, disk_.Advance(dek_, binding_, counters));
    EXPECT_EQ(advanced.disk_counter, counter + 1);
    EXPECT_EQ(advanced.header_digest, opened.header_digest);
    ASSERT_OK(disk_.Close());
  }
  // The process dies as it has written this many copies of the header.
  void DieInAdvance(const DiskCounters& counters, int copies) {
    const pid_t child = fork();
    if (child == 0) {
      int left = copies;
      LuksStateDisk disk({.device = kDisk, .on_header_write = [&left] {
                            if (--left == 0) raise(SIGKILL);
                          }});
      // A secret is wiped in a child; this one is made there.
      disk.Advance(luks_uml::Dek(0x11), binding_, counters).IgnoreError();
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
};

TEST_F(DiskCounterUmlTest, CountsWhileTheDiskIsInUse) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  const std::string file = std::string(kMountPoint) + "/file";
  for (uint64_t counter = 1; counter <= 3; ++counter) {
    ASSERT_OK(disk_.Advance(dek_, binding_, {.acknowledged = counter, .next = counter + 1}));
    ASSERT_OK(WriteFileAtomically(file, AsBytes("kept"), 0600));
  }
  ASSERT_OK(disk_.Close());
  EXPECT_THAT(disk_.Open(dek_, binding_, kFresh, AnyContent), HasFault("STALE_DISK"));
  ASSERT_OK(disk_.Open(dek_, binding_, {.acknowledged = 4, .next = 5}, AnyContent));
  EXPECT_EQ(ReadText(file), "kept");
}

// Really cut off: between the two copies, and after the second one.
TEST_F(DiskCounterUmlTest, KilledBetweenTheCopiesOpensAndIsFinished) {
  FormatDisk();
  uint64_t counter = 1;
  for (const int copies : {1, 2, 1}) {
    SCOPED_TRACE(copies);
    const DiskCounters counters{.acknowledged = counter, .next = counter + 1};
    ASSERT_OK(disk_.Open(dek_, binding_, counters, AnyContent));
    ASSERT_NO_FATAL_FAILURE(DieInAdvance(counters, copies));
    ASSERT_OK_AND_ASSIGN(const UnverifiedHeader left,
                         ParseHeader(ReadRaw(0, kLuksHeaderRegionBytes), RawSize()));
    EXPECT_EQ(left.copies, copies == 1 ? HeaderCopies::kPrimaryNewer : HeaderCopies::kEqual);
    ASSERT_OK(disk_.Close());
    // The next boot.
    ASSERT_OK_AND_ASSIGN(const OpenedDisk opened, disk_.Open(dek_, binding_, counters, AnyContent));
    EXPECT_EQ(opened.disk_counter, counter + 1);
    ASSERT_OK(disk_.Advance(dek_, binding_, counters));
    ASSERT_OK_AND_ASSIGN(const UnverifiedHeader repaired,
                         ParseHeader(ReadRaw(0, kLuksHeaderRegionBytes), RawSize()));
    EXPECT_EQ(repaired.copies, HeaderCopies::kEqual);
    ASSERT_OK(disk_.Close());
    ++counter;
  }
}

// Cut off in the middle of the first copy: the second one, still the old, opens the disk.
TEST_F(DiskCounterUmlTest, TornCopyOpensFromTheOther) {
  FormatDisk();
  const Bytes before = ReadRaw(0, kLuksCopiesBytes);
  BootAndAdvance(1);
  const Bytes after = ReadRaw(0, kLuksCopiesBytes);
  const DiskCounters counters{.acknowledged = 1, .next = 2};
  // The new binary header, the old JSON.
  WriteRaw(0, before);
  WriteRaw(0, ByteView(after).first(kLuksBinaryHeaderBytes));
  ASSERT_OK_AND_ASSIGN(OpenedDisk opened, disk_.Open(dek_, binding_, counters, AnyContent));
  EXPECT_EQ(opened.disk_counter, 1U);
  ASSERT_OK(disk_.Advance(dek_, binding_, counters));
  EXPECT_EQ(ReadRaw(0, kLuksCopiesBytes), after);
  ASSERT_OK(disk_.Close());
  // The first copy new, the second one torn.
  WriteRaw(kLuksCopyBytes, ByteView(before).subspan(kLuksCopyBytes, kLuksBinaryHeaderBytes));
  ASSERT_OK_AND_ASSIGN(opened, disk_.Open(dek_, binding_, counters, AnyContent));
  EXPECT_EQ(opened.disk_counter, 2U);
  ASSERT_OK(disk_.Advance(dek_, binding_, counters));
  EXPECT_EQ(ReadRaw(0, kLuksCopiesBytes), after);
}

TEST_F(DiskCounterUmlTest, OlderHeaderIsStaleAndTheDiskIsLeftAlone) {
  FormatDisk();
  const Bytes old_header = ReadRaw(0, kLuksCopiesBytes);
  BootAndAdvance(1);
  BootAndAdvance(2);
  const Bytes genuine = ReadRaw(0, kLuksCopiesBytes);
  const DiskCounters counters{.acknowledged = 3, .next = 4};
  WriteRaw(0, old_header);
  const Bytes shown = ReadRaw(0, RawSize());
  ExpectRefused("STALE_DISK", counters);
  EXPECT_THAT(disk_.Advance(dek_, binding_, counters), HasFault("STALE_DISK"));
  EXPECT_EQ(ReadRaw(0, RawSize()), shown) << "nothing was written";
  // One copy of each life is no in-between state.
  WriteRaw(0, ByteView(genuine).first(kLuksCopyBytes));
  ExpectRefused("HEADER_NOT_ACCEPTED", counters);
  WriteRaw(0, genuine);
  EXPECT_OK(disk_.Open(dek_, binding_, counters, AnyContent));
}

TEST_F(DiskCounterUmlTest, OlderCopyOfTheWholeDiskIsStale) {
  FormatDisk();
  BootAndAdvance(1);
  const Bytes image = ReadRaw(0, RawSize());
  BootAndAdvance(2);
  BootAndAdvance(3);
  WriteRaw(0, image);
  ExpectRefused("STALE_DISK", {.acknowledged = 4, .next = 5});
  EXPECT_EQ(ReadRaw(0, RawSize()), image) << "nothing was written";
  // The owner accepts it: it goes on from there, beyond every counter of the lost copy.
  const DiskCounters accepted{.acknowledged = 2, .next = 6};
  ASSERT_OK(disk_.Open(dek_, binding_, accepted, AnyContent));
  ASSERT_OK(disk_.Advance(dek_, binding_, accepted));
  ASSERT_OK(disk_.Close());
  ASSERT_OK(disk_.Open(dek_, binding_, {.acknowledged = 6, .next = 7}, AnyContent));
}

// A header that is put back while the disk is open does not get its new counter.
TEST_F(DiskCounterUmlTest, HeaderThatIsPutBackMeanwhileIsNotAdvanced) {
  FormatDisk();
  const Bytes old_header = ReadRaw(0, kLuksCopiesBytes);
  BootAndAdvance(1);
  BootAndAdvance(2);
  const DiskCounters counters{.acknowledged = 3, .next = 4};
  ASSERT_OK(disk_.Open(dek_, binding_, counters, AnyContent));
  WriteRaw(0, old_header);
  EXPECT_THAT(disk_.Advance(dek_, binding_, counters), HasFault("STALE_DISK"));
}

TEST_F(DiskCounterUmlTest, ContentHasTheLastWordBeforeAnythingIsMounted) {
  FormatDisk();
  ASSERT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
  ASSERT_OK(WriteFileAtomically(std::string(kMountPoint) + "/state", AsBytes("old"), 0600));
  ASSERT_OK(disk_.Close());
  bool mounted = true;
  bool writable = true;
  std::string content;
  const auto refuse = [&](uint64_t disk_counter, const ReadStateFile& read) -> Status {
    EXPECT_EQ(disk_counter, 1U);
    ASSIGN_OR_RETURN(const std::optional<Bytes> none, read("absent", 100));
    EXPECT_FALSE(none.has_value());
    ASSIGN_OR_RETURN(const std::optional<Bytes> file, read("state", 100));
    content = AsText(file.value_or(Bytes()));
    const std::string mounts = ReadText("/proc/self/mounts");
    mounted = mounts.find(" " + std::string(kMountPoint) + " ") != std::string::npos;
    writable = mounts.find(std::string(kMountPoint) + ".unverified ext4 ro,") == std::string::npos;
    return Refused("STALE_DISK", "the state file is old");
  };
  EXPECT_THAT(disk_.Open(dek_, binding_, kFresh, refuse), HasFault("STALE_DISK"));
  EXPECT_EQ(content, "old");
  EXPECT_FALSE(mounted);
  EXPECT_FALSE(writable);
  EXPECT_FALSE(IsMounted());
  EXPECT_FALSE(IsMapped());
  EXPECT_OK(disk_.Open(dek_, binding_, kFresh, AnyContent));
}

}  // namespace
}  // namespace kedge
