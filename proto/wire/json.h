// Strict JSON for the messages that are also files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace google::protobuf {
class Message;
}

namespace kedge::wire {

struct JsonLimits {
  size_t max_bytes = 64 * 1024;
  size_t max_depth = 8;
  size_t max_values = 4096;  // numbers, strings, booleans, keys, objects and arrays together
};

// Fills `message` from exactly one JSON object: RFC 8259 syntax, names in snake_case as in
// proto/kedge.proto; an unknown or repeated name, null, anything beyond the limits and anything
// after the object are MALFORMED, with the place in the message.
Status ParseJson(std::string_view text, const JsonLimits& limits,
                 google::protobuf::Message* message);

// Indented, fields in the order of the schema, maps sorted, ends with a new line: the same text for
// the same message every time. ParseJson reads it back.
StatusOr<std::string> PrintJson(const google::protobuf::Message& message);

}  // namespace kedge::wire
