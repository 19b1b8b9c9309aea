// The secret seed as an owner keeps it in a file (docs/FORMATS.md, "Seed file").
#pragma once

#include <cstddef>

#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// Room for the longest seed in hexadecimal and the white space around it.
inline constexpr size_t kMaxSeedFile = 16 * 1024;

// A file of nothing but text (printable ASCII and white space) is one run of hexadecimal digits, in
// either case, with white space before and after it at most; any other file is the seed itself,
// byte for byte. So a mistyped hexadecimal file is never taken for a seed of its own.
// INVALID_ARGUMENT; how long a seed must be is KeyTree's to say.
StatusOr<SecretBytes> ParseSeedFile(const SecretBytes& file);

}  // namespace kedge
