// The life of a state disk, recorded: format, first use, boots that count, growth under a writer.
#pragma once

#include <string>

#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "storage/core/state_disk.h"

namespace kedge::powercut {

// The node that owns the disk, in every recording and every check.
SecretBytes NodeDek();
DiskBinding NodeBinding();

// Lives a life on `disk` and leaves its write log on `log`, which must have room for all that is
// written. Both lose their content. Needs root, dm-log-writes and dmsetup. Returns the header's
// digest.
StatusOr<Sha256Digest> RecordLife(const std::string& disk, const std::string& log);

}  // namespace kedge::powercut
