// The part of a disk, or of a copy of its beginning in a file, that a LUKS2 header may take.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge::cli {

struct DiskStart {
  Bytes bytes;                // the first kDiskPrefixBytes, or as many as there are
  uint64_t device_bytes = 0;  // of the whole disk; unknown (0) for a copy of a header alone
};

// `path`: a block device, an image of a whole disk, or exactly the header region that
// `backup-header` writes. One read: what is judged is what is used.
StatusOr<DiskStart> ReadDiskStart(const std::string& path);

// Writes `region` to the beginning of a disk or an image of one, durably, and reads it back.
// DISK_BUSY where the disk is mounted or mapped.
Status WriteHeaderRegion(const std::string& path, ByteView region);

}  // namespace kedge::cli
