#include "storage/luks/header_memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "storage/core/luks_layout.h"
#include "storage/luks/errno_status.h"

namespace kedge {

StatusOr<HeaderMemfd> HeaderMemfd::ForNewHeader() {
  UniqueFd fd(memfd_create("kedge-luks-header", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.ok() || ftruncate(fd.get(), static_cast<off_t>(kLuksDataOffset)) != 0) {
    return ErrnoStatus(errno, "memory for the disk header");
  }
  return HeaderMemfd(std::move(fd));
}

StatusOr<HeaderMemfd> HeaderMemfd::SealedCopy(ByteView region) {
  ASSIGN_OR_RETURN(HeaderMemfd memfd, ForNewHeader());
  const int fd = memfd.fd_.get();
  const ssize_t put = pwrite(fd, region.data(), region.size(), 0);
  if (put != static_cast<ssize_t>(region.size())) {
    return ErrnoStatus(put < 0 ? errno : ENOSPC, "copy of the disk header");
  }
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return ErrnoStatus(errno, "seal of the disk header");
  }
  return memfd;
}

StatusOr<Bytes> HeaderMemfd::Read(size_t size) const {
  Bytes out(size);
  const ssize_t got = pread(fd_.get(), out.data(), size, 0);
  if (got != static_cast<ssize_t>(size)) {
    return ErrnoStatus(got < 0 ? errno : EIO, "read of the header in memory");
  }
  return out;
}

}  // namespace kedge
