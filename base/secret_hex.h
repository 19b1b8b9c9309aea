// Hexadecimal text of secrets, read and written inside locked memory only.
#pragma once

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// `text` is an even number of hexadecimal digits, at least two, in either case, and nothing else.
// INVALID_ARGUMENT otherwise; the message shows nothing of the text. No copy but the result.
StatusOr<SecretBytes> SecretFromHex(ByteView text);

// Lower-case digits, two a byte. INVALID_ARGUMENT for an empty secret.
StatusOr<SecretBytes> SecretToHex(const SecretBytes& secret);

}  // namespace kedge
