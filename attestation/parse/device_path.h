// EFI device paths as the text of the UEFI specification (2.10, section 10.6.1.6). Pure, bounded.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// At most 4 KiB and 64 nodes. Node types without a text form of their own are shown as
// "Path(type,subtype,HEX)". MALFORMED where a node's length leaves the bytes.
StatusOr<std::string> DevicePathText(ByteView bytes);

}  // namespace kedge
