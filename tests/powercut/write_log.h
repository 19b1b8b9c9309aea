// The log that the kernel's dm-log-writes target keeps of all that is written to a disk: layout of
// Linux 6.1, drivers/md/dm-log-writes.c, version 1; meaning of its order,
// Documentation/admin-guide/device-mapper/log-writes.rst. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge::powercut {

// One entry, in the order of the log: a write stands where it was completed, or, unless it went
// past the cache (fua), right before the flush that made it durable.
struct LoggedWrite {
  uint64_t offset = 0;  // on the disk; bytes, like all here
  uint64_t bytes = 0;
  uint64_t content = 0;   // where its content begins on the log device
  bool flush = false;     // all that was logged before is durable
  bool fua = false;       // durable once it is complete
  std::string mark = {};  // a remark of the recorder's, and no write
};

using WriteLog = std::vector<LoggedWrite>;
using ReadDevice = std::function<StatusOr<Bytes>(uint64_t offset, size_t size)>;

// All entries of the log that `read` shows. Faults: MALFORMED; a discard is one, since our stack
// makes none and its effect is not defined.
StatusOr<WriteLog> ParseWriteLog(const ReadDevice& read);

}  // namespace kedge::powercut
