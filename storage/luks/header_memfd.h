// A LUKS2 header in anonymous memory, where libcryptsetup can reach it by path and the host cannot.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/luks/unique_fd.h"

namespace kedge {

class HeaderMemfd {
 public:
  // An empty header area (kLuksDataOffset zero bytes) for a new header.
  static StatusOr<HeaderMemfd> ForNewHeader();
  // Holds `region` and is sealed: nothing can change it any more, no process and no later call.
  static StatusOr<HeaderMemfd> SealedCopy(ByteView region);

  // Valid as long as this object and only in this process.
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }
  // The first `size` bytes.
  StatusOr<Bytes> Read(size_t size) const;

 private:
  explicit HeaderMemfd(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace kedge
