// HKDF-SHA256 (RFC 5869), extract and expand in one call.
#pragma once

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// `size` output bytes, at most 255 * 32. `salt` may be empty (32 zero bytes, RFC 5869 section 2.2).
// INVALID_ARGUMENT for an empty ikm or a bad size.
StatusOr<SecretBytes> HkdfSha256(const SecretBytes& ikm, ByteView salt, ByteView info, size_t size);

}  // namespace kedge
