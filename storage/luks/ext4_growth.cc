#include "storage/luks/ext4_growth.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "storage/core/ext4_superblock.h"
#include "storage/luks/errno_status.h"
#include "storage/luks/unique_fd.h"

namespace kedge {
namespace {

// linux/fs/ext4/ext4.h; no header for programs has it. The argument is the number of blocks.
constexpr unsigned long kExt4IocResizeFs = _IOW('f', 16, uint64_t);

}  // namespace

StatusOr<uint64_t> Ext4BytesOn(const std::string& device) {
  const UniqueFd fd(open(device.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, "open " + device);
  Bytes superblock(kExt4SuperblockBytes);
  const ssize_t got = pread(fd.get(), superblock.data(), superblock.size(),
                            static_cast<off_t>(kExt4SuperblockOffset));
  if (got != static_cast<ssize_t>(superblock.size())) {
    return ErrnoStatus(got < 0 ? errno : EIO, "read of the file system's superblock");
  }
  const auto bytes = Ext4Bytes(superblock);
  if (bytes.ok()) return *bytes;
  return Refused("MARKER_MISSING", "no ext4 of this node's on the opened state disk (" +
                                       MessageOf(bytes.status()) + "); the disk was left as it is");
}

Status GrowExt4(const std::string& mount_point, uint64_t bytes) {
  const UniqueFd folder(open(mount_point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok()) return ErrnoStatus(errno, "open " + mount_point);
  uint64_t blocks = bytes / kExt4BlockBytes;
  if (ioctl(folder.get(), kExt4IocResizeFs, &blocks) == 0) return Status();
  return ErrnoStatus(errno, "growing the file system at " + mount_point);
}

StatusOr<Ext4Space> SpaceOf(const std::string& mount_point) {
  struct statvfs status {};
  if (statvfs(mount_point.c_str(), &status) != 0) return ErrnoStatus(errno, "statvfs");
  return Ext4Space{.free = uint64_t{status.f_bavail} * status.f_frsize,
                   .size = uint64_t{status.f_blocks} * status.f_frsize};
}

}  // namespace kedge
