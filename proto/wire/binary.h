// Messages in protobuf's binary form, read strictly.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace google::protobuf {
class Message;
}

namespace kedge::wire {

// Fills `message`. MALFORMED with `what` in the message for more than `max_bytes`, bytes that do
// not parse, text that is not UTF-8, and fields that the schema does not know, at any depth: a peer
// that means something by them must not be misunderstood.
Status ParseBinary(ByteView bytes, size_t max_bytes, std::string_view what,
                   google::protobuf::Message* message);

Bytes PrintBinary(const google::protobuf::Message& message);

}  // namespace kedge::wire
