// The raw state disk: reads and writes of its header region. Blocking; one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/luks/unique_fd.h"

namespace kedge {

class BlockDisk {
 public:
  // Opens a block device for reading. Faults: DISK_ABSENT; FAILED_PRECONDITION for anything that
  // is not a block device.
  static StatusOr<BlockDisk> OpenForReading(const std::string& path);
  // The same for writing; DISK_BUSY while it is mounted or mapped.
  static StatusOr<BlockDisk> OpenForWriting(const std::string& path);
  // For writing to the header of a disk that may be mapped, which OpenForWriting refuses.
  static StatusOr<BlockDisk> OpenForHeaderWrites(const std::string& path);

  uint64_t bytes() const { return bytes_; }
  dev_t number() const { return number_; }

  // The first `size` bytes, or as many as the disk has. One read: the caller judges and uses this
  // copy only (S1).
  StatusOr<Bytes> ReadPrefix(size_t size) const;
  // Zeroes the first `size` bytes on the medium.
  Status ZeroPrefix(uint64_t size) const;
  // Writes `content` at `offset`, below kLuksDataOffset, flushes it, and reads it back.
  Status Write(uint64_t offset, ByteView content) const;

 private:
  BlockDisk(UniqueFd fd, uint64_t bytes, dev_t number)
      : fd_(std::move(fd)), bytes_(bytes), number_(number) {}
  static StatusOr<BlockDisk> Open(const std::string& path, int flags);
  Status ReadInto(uint64_t offset, std::span<uint8_t> out) const;

  UniqueFd fd_;
  uint64_t bytes_;
  dev_t number_;
};

}  // namespace kedge
