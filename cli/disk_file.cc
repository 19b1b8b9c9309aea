#include "cli/disk_file.h"

#include <absl/cleanup/cleanup.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "storage/core/luks_layout.h"

namespace kedge::cli {
namespace {

Status FileError(const std::string& what, const std::string& path) {
  const std::string message = what + " " + path + ": " + std::generic_category().message(errno);
  if (errno == EBUSY) {
    return MakeFault(StatusCode::kFailedPrecondition, "DISK_BUSY", Advice::kAskOperator,
                     message + "; the disk is in use: close it first");
  }
  if (errno == ENOENT) return MakeError(StatusCode::kNotFound, message);
  return MakeError(StatusCode::kInvalidArgument, message);
}

StatusOr<Bytes> ReadStart(int fd, size_t size, const std::string& path) {
  Bytes out(size);
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("read", path);
    if (got == 0) return MakeError(StatusCode::kInvalidArgument, path + " became shorter");
    done += static_cast<size_t>(got);
  }
  return out;
}

}  // namespace

StatusOr<DiskStart> ReadDiskStart(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError("open", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  const off_t end = lseek(fd, 0, SEEK_END);
  if (end < 0) return FileError("size of", path);
  const auto size = static_cast<uint64_t>(end);
  DiskStart start;
  ASSIGN_OR_RETURN(
      start.bytes,
      ReadStart(fd, static_cast<size_t>(std::min<uint64_t>(size, kDiskPrefixBytes)), path));
  if (size != kLuksHeaderRegionBytes) start.device_bytes = size;
  return start;
}

Status WriteHeaderRegion(const std::string& path, ByteView region) {
  // O_EXCL on a block device: EBUSY while it is in use (open(2)).
  const int fd = open(path.c_str(), O_RDWR | O_EXCL | O_CLOEXEC);
  if (fd < 0) return FileError("open", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  size_t done = 0;
  while (done < region.size()) {
    const ssize_t put =
        pwrite(fd, region.data() + done, region.size() - done, static_cast<off_t>(done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return FileError("write", path);
    done += static_cast<size_t>(put);
  }
  if (fsync(fd) != 0) return FileError("flush", path);
  ASSIGN_OR_RETURN(const Bytes back, ReadStart(fd, region.size(), path));
  return Equal(back, region)
             ? Status()
             : MakeError(StatusCode::kDataLoss, path + " reads back differently; it is broken");
}

}  // namespace kedge::cli
