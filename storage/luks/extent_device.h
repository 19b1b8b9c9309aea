// The opened device of a state disk below its file system, past every cache: what is written here
// is never what a file system reads through a page of its own. Blocking; one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "storage/luks/unique_fd.h"

namespace kedge {

class ExtentDevice {
 public:
  static StatusOr<ExtentDevice> Open(const std::string& path);
  // The same, for the one process that grows it: DISK_BUSY where another does.
  static StatusOr<ExtentDevice> OpenForGrowth(const std::string& path);

  uint64_t bytes() const { return bytes_; }
  const std::string& number() const { return number_; }  // "major:minor"

  // The first 4,096 bytes. Fault DISK_IO where their tag is wrong.
  StatusOr<Bytes> ReadFirstBlock() const;
  // Replaces them whole or not at all; durable when it returns.
  Status WriteFirstBlock(ByteView block) const;
  // Writes zeros, and so tags, to [begin, end), whole sectors of 4,096 bytes. `go_on` is asked
  // after every piece of at most 1 MiB; false ends it early with CANCELLED. Not durable before
  // Flush.
  Status WriteZeros(uint64_t begin, uint64_t end, const std::function<bool()>& go_on) const;
  Status Flush() const;

 private:
  ExtentDevice(UniqueFd fd, uint64_t bytes, std::string number)
      : fd_(std::move(fd)), bytes_(bytes), number_(std::move(number)) {}

  UniqueFd fd_;
  uint64_t bytes_;
  std::string number_;
};

}  // namespace kedge
