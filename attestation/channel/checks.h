// Checks that both ends share: the identity key's form and signature, lengths of outside bytes.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// MALFORMED unless `field` has exactly `size` bytes.
Status ExpectSize(std::string_view name, ByteView field, size_t size);
// MALFORMED unless min ≤ size ≤ max.
Status ExpectSizeBetween(std::string_view name, ByteView field, size_t min, size_t max);

// Sign_id: ECDSA P-256 over `message`. MALFORMED where `spki` is anything but the canonical
// encoding of a P-256 key or the signature has an impossible length; else BAD_SIGNATURE.
Status VerifyIdentitySignature(std::string_view name, ByteView spki, ByteView message,
                               ByteView signature);

}  // namespace kedge
