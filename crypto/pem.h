// PEM (RFC 7468) at the edge, read strictly: blocks of one label and white space, nothing else.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// Whether `file` begins like PEM rather than DER.
bool LooksLikePem(ByteView file);

// The decoded blocks "-----BEGIN `label`-----" in their order, at least one and at most `max`.
// MALFORMED for any other text between or around them.
StatusOr<std::vector<Bytes>> DecodePem(std::string_view text, std::string_view label, size_t max);

}  // namespace kedge
