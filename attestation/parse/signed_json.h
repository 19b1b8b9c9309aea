// A JSON document whose signature covers the text of one member: finds that text as it was sent.
// For .cc files of this room only.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

struct SignedJson {
  nlohmann::json member;  // the tree of the signed object
  ByteView member_text;   // its bytes inside the document, from '{' to '}'
  ByteArray<64> signature{};
};

// The document must be exactly {"`name`": {…}, "signature": "128 hex digits"}, in either order.
// Refuses repeated names, null, fractions, more than 8 levels and more than 64 Ki values. MALFORMED
// with `what` in the message. The view lives as long as `document`.
StatusOr<SignedJson> ParseSignedJson(ByteView document, std::string_view name,
                                     std::string_view what);

}  // namespace kedge
