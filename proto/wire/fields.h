// Fields of protobuf messages, checked on their way in.
#pragma once

#include <absl/strings/str_cat.h>

#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge::wire {

// A bytes field of a message.
inline std::string Text(ByteView bytes) { return std::string(AsText(bytes)); }

// MALFORMED, naming `what`, unless there are exactly N bytes.
template <size_t N>
StatusOr<ByteArray<N>> Exactly(const std::string& bytes, const char* what) {
  const auto array = ToArray<N>(AsBytes(bytes));
  if (!array) return Malformed(absl::StrCat(what, ": expected ", N, " bytes"));
  return *array;
}

// MALFORMED, naming `what`, unless there are 1 to `max` bytes.
inline StatusOr<Bytes> Between(const std::string& bytes, size_t max, const char* what) {
  if (bytes.empty() || bytes.size() > max) {
    return Malformed(absl::StrCat(what, ": expected 1 to ", max, " bytes"));
  }
  return ToBytes(bytes);
}

}  // namespace kedge::wire
