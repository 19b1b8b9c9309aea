#include "storage/luks/block_disk.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/luks/errno_status.h"

namespace kedge {

StatusOr<BlockDisk> BlockDisk::Open(const std::string& path, int flags) {
  UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, "open " + path);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return ErrnoStatus(errno, "stat " + path);
  if (!S_ISBLK(status.st_mode)) {
    return FailedPrecondition(path + " is not a block device; name the state disk");
  }
  uint64_t bytes = 0;
  if (ioctl(fd.get(), BLKGETSIZE64, &bytes) != 0) return ErrnoStatus(errno, "size of " + path);
  return BlockDisk(std::move(fd), bytes, status.st_rdev);
}

StatusOr<BlockDisk> BlockDisk::OpenForReading(const std::string& path) {
  return Open(path, O_RDONLY);
}

StatusOr<BlockDisk> BlockDisk::OpenForWriting(const std::string& path) {
  return Open(path, O_RDWR | O_EXCL);
}

StatusOr<BlockDisk> BlockDisk::OpenForHeaderWrites(const std::string& path) {
  return Open(path, O_RDWR);
}

Status BlockDisk::ReadInto(uint64_t offset, std::span<uint8_t> out) const {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read of the disk header");
    if (got == 0) return ErrnoStatus(EIO, "read of the disk header ended early");
    done += static_cast<size_t>(got);
  }
  return Status();
}

StatusOr<Bytes> BlockDisk::ReadPrefix(size_t size) const {
  Bytes out(static_cast<size_t>(std::min<uint64_t>(size, bytes_)));
  RETURN_IF_ERROR(ReadInto(0, out));
  return out;
}

Status BlockDisk::ZeroPrefix(uint64_t size) const {
  uint64_t range[2] = {0, std::min(size, bytes_)};
  if (ioctl(fd_.get(), BLKZEROOUT, range) != 0 || fsync(fd_.get()) != 0) {
    return ErrnoStatus(errno, "clearing the disk header");
  }
  return Status();
}

Status BlockDisk::Write(uint64_t offset, ByteView content) const {
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t put = pwrite(fd_.get(), content.data() + done, content.size() - done,
                               static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return ErrnoStatus(errno, "write of the disk header");
    done += static_cast<size_t>(put);
  }
  // Flush, then drop the cached pages, so that the comparison reads the medium.
  if (fsync(fd_.get()) != 0 || ioctl(fd_.get(), BLKFLSBUF) != 0) {
    return ErrnoStatus(errno, "flush of the disk header");
  }
  Bytes back(content.size());
  RETURN_IF_ERROR(ReadInto(offset, back));
  if (!Equal(back, content)) return ErrnoStatus(EIO, "the disk header reads back differently");
  return Status();
}

}  // namespace kedge
