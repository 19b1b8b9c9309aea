#include "storage/luks/extent_device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "storage/core/extent_record.h"
#include "storage/core/luks_layout.h"
#include "storage/luks/errno_status.h"
#include "storage/luks/mappings.h"

namespace kedge {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

// Zeroed memory that direct I/O takes; nullptr where there is none.
struct Free {
  void operator()(uint8_t* memory) const { free(memory); }
};
using AlignedBuffer = std::unique_ptr<uint8_t, Free>;
AlignedBuffer MakeBuffer(size_t size) {
  AlignedBuffer buffer(static_cast<uint8_t*>(aligned_alloc(kLuksSectorBytes, size)));
  if (buffer != nullptr) std::fill_n(buffer.get(), size, uint8_t{0});
  return buffer;
}

Status NoMemory() { return ErrnoStatus(ENOMEM, "buffer for the state disk"); }

}  // namespace

StatusOr<ExtentDevice> ExtentDevice::Open(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, "open " + path);
  uint64_t bytes = 0;
  if (ioctl(fd.get(), BLKGETSIZE64, &bytes) != 0) return ErrnoStatus(errno, "size of " + path);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return ErrnoStatus(errno, "stat " + path);
  return ExtentDevice(std::move(fd), bytes, DeviceNumber(status.st_rdev));
}

StatusOr<ExtentDevice> ExtentDevice::OpenForGrowth(const std::string& path) {
  ASSIGN_OR_RETURN(ExtentDevice device, Open(path));
  if (flock(device.fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    return ErrnoStatus(errno == EWOULDBLOCK ? EBUSY : errno, "lock of " + path);
  }
  return device;
}

StatusOr<Bytes> ExtentDevice::ReadFirstBlock() const {
  const AlignedBuffer buffer = MakeBuffer(kExtentRecordBytes);
  if (buffer == nullptr) return NoMemory();
  const ssize_t got = pread(fd_.get(), buffer.get(), kExtentRecordBytes, 0);
  if (got != static_cast<ssize_t>(kExtentRecordBytes)) {
    return ErrnoStatus(got < 0 ? errno : EIO, "read of the extent record");
  }
  return Bytes(buffer.get(), buffer.get() + kExtentRecordBytes);
}

Status ExtentDevice::WriteFirstBlock(ByteView block) const {
  const AlignedBuffer buffer = MakeBuffer(kExtentRecordBytes);
  if (buffer == nullptr) return NoMemory();
  std::copy(block.begin(), block.end(), buffer.get());
  const iovec piece{.iov_base = buffer.get(), .iov_len = block.size()};
  const ssize_t put = pwritev2(fd_.get(), &piece, 1, 0, RWF_DSYNC);
  if (put != static_cast<ssize_t>(block.size())) {
    return ErrnoStatus(put < 0 ? errno : EIO, "write of the extent record");
  }
  return Status();
}

Status ExtentDevice::WriteZeros(uint64_t begin, uint64_t end,
                                const std::function<bool()>& go_on) const {
  const AlignedBuffer zeros = MakeBuffer(kPieceBytes);
  if (zeros == nullptr) return NoMemory();
  while (begin < end) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(kPieceBytes, end - begin));
    const ssize_t put = pwrite(fd_.get(), zeros.get(), size, static_cast<off_t>(begin));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return ErrnoStatus(put < 0 ? errno : EIO, "preparing the state disk");
    begin += static_cast<uint64_t>(put);
    if (!go_on()) return MakeError(StatusCode::kCancelled, "asked to stop");
  }
  return Status();
}

Status ExtentDevice::Flush() const {
  return fsync(fd_.get()) == 0 ? Status() : ErrnoStatus(errno, "flush of the state disk");
}

}  // namespace kedge
