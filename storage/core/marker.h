// The keyed marker: the file that only a finished Format with this DEK can have left inside the
// state disk's file system (S3). Pure; thread-safe.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "storage/core/state_disk.h"

namespace kedge {

// Name of the file in the root of the file system.
inline constexpr std::string_view kMarkerFile = ".kedge-state";
// No marker is larger.
inline constexpr size_t kMarkerMaxBytes = 256;

// lp("kedge/1 state marker") lp(uuid) lp(HMAC): docs/FORMATS.md, "Marker".
Bytes MakeMarker(const SecretBytes& marker_key, const DiskBinding& binding, std::string_view uuid);

// `content` is what the file holds. Faults: MARKER_MISSING.
Status CheckMarker(ByteView content, const SecretBytes& marker_key, const DiskBinding& binding,
                   std::string_view uuid);

}  // namespace kedge
