// What of this room runs without device-mapper and without root; the rest is in the _uml_test.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/status_matchers.h"
#include "house/folders.h"
#include "storage/core/luks_layout.h"
#include "storage/luks/block_disk.h"
#include "storage/luks/crypt_volume.h"
#include "storage/luks/errno_status.h"
#include "storage/luks/file_system.h"
#include "storage/luks/header_memfd.h"
#include "storage/luks/unique_fd.h"

namespace kedge {
namespace {

constexpr char kHeader[] = KEDGE_SOURCE_DIR "/tests/testdata/storage/disk-v1/header.bin";

Bytes ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A sparse file that is deleted with this object.
class SparseFile {
 public:
  explicit SparseFile(off_t size) {
    const UniqueFd fd(mkstemp(path_.data()));
    EXPECT_EQ(ftruncate(fd.get(), size), 0);
  }
  ~SparseFile() { unlink(path_.c_str()); }
  SparseFile(const SparseFile&) = delete;
  SparseFile& operator=(const SparseFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "/kedge-storage-XXXXXX";
};

TEST(ErrnoStatusTest, NamesTheFaultOfEachError) {
  EXPECT_THAT(ErrnoStatus(ENOENT, "open"), HasFault("DISK_ABSENT"));
  EXPECT_THAT(ErrnoStatus(ENXIO, "open"), HasFault("DISK_ABSENT"));
  EXPECT_TRUE(IsRetryable(ErrnoStatus(ENODEV, "open")));
  EXPECT_THAT(ErrnoStatus(EBUSY, "open"), HasFault("DISK_BUSY"));
  EXPECT_THAT(ErrnoStatus(EIO, "read"), HasFault("DISK_IO"));
  EXPECT_THAT(ErrnoStatus(EILSEQ, "read"), HasFault("DISK_IO"));
  EXPECT_THAT(ErrnoStatus(ENOMEM, "read"), HasCode(StatusCode::kInternal));
  EXPECT_THAT(MessageOf(ErrnoStatus(EBUSY, "open of /dev/x")),
              ::testing::HasSubstr("open of /dev/x: Device or resource busy"));
}

TEST(HeaderMemfdTest, SealedCopyCannotBeChanged) {
  const Bytes region(kLuksHeaderRegionBytes, 0x5a);
  ASSERT_OK_AND_ASSIGN(const HeaderMemfd memfd, HeaderMemfd::SealedCopy(region));
  EXPECT_EQ(memfd.Read(region.size()).value(), region);
  const UniqueFd fd(open(memfd.path().c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(fd.ok());
  EXPECT_EQ(pwrite(fd.get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate(fd.get(), 4096), -1);
  EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(2 * kLuksDataOffset)), -1);
  // As long as the header area, so that offsets mean what they mean on the disk.
  struct stat status {};
  ASSERT_EQ(fstat(fd.get(), &status), 0);
  EXPECT_EQ(static_cast<uint64_t>(status.st_size), kLuksDataOffset);
  EXPECT_FALSE(memfd.Read(kLuksDataOffset + 1).ok());
}

TEST(BlockDiskTest, OnlyABlockDeviceIsADisk) {
  EXPECT_THAT(BlockDisk::OpenForReading("/dev/no-such-disk"), HasFault("DISK_ABSENT"));
  EXPECT_THAT(BlockDisk::OpenForWriting("/dev/no-such-disk"), HasFault("DISK_ABSENT"));
  const SparseFile file(4096);
  EXPECT_THAT(BlockDisk::OpenForReading(file.path()), HasCode(StatusCode::kFailedPrecondition));
  EXPECT_THAT(BlockDisk::OpenForWriting(file.path()), HasCode(StatusCode::kFailedPrecondition));
  EXPECT_THAT(BlockDisk::OpenForReading("/dev/null"), HasCode(StatusCode::kFailedPrecondition));
}

constexpr off_t kSize = off_t{32} << 20;

TEST(MakeExt4Test, RunsTheFirstProgramThatExists) {
  const SparseFile file(kSize);
  ASSERT_OK(
      MakeExt4({"/no/such/mkfs.ext4", "/usr/sbin/mkfs.ext4", "/bin/false"}, file.path(), kSize));
  // Magic of the superblock (kernel documentation, ext4 "Super Block": 0xEF53 at 1024 + 0x38).
  const Bytes disk = ReadFile(file.path());
  EXPECT_EQ(disk[1080], 0x53);
  EXPECT_EQ(disk[1081], 0xef);
}

TEST(MakeExt4Test, SaysWhatTheProgramSaid) {
  const Status status = MakeExt4({"/usr/sbin/mkfs.ext4"}, "/dev/no-such-disk", kSize);
  EXPECT_THAT(status, HasCode(StatusCode::kInternal));
  EXPECT_THAT(MessageOf(status), ::testing::HasSubstr("/dev/no-such-disk"));
  EXPECT_THAT(MessageOf(MakeExt4({"/bin/false"}, "/dev/null", kSize)),
              ::testing::HasSubstr("/bin/false failed on the state disk: no output"));
  EXPECT_THAT(MessageOf(MakeExt4({"/no/such/mkfs.ext4"}, "/dev/null", kSize)),
              ::testing::HasSubstr("install e2fsprogs"));
}

TEST(CryptVolumeTest, LoadsAHeaderFromSealedMemory) {
  SetUpCryptsetup();
  const SparseFile disk(off_t{48} << 20);
  ASSERT_OK_AND_ASSIGN(const HeaderMemfd memfd, HeaderMemfd::SealedCopy(ReadFile(kHeader)));
  EXPECT_OK(CryptVolume::Load(memfd.path(), disk.path()));
  ASSERT_OK_AND_ASSIGN(const HeaderMemfd blank, HeaderMemfd::ForNewHeader());
  EXPECT_FALSE(CryptVolume::Load(blank.path(), disk.path()).ok());
}

}  // namespace
}  // namespace kedge
