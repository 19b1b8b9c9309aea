// Writes CBOR, good and hostile, for tests (header only).
#pragma once

#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace kedge::testing {

class CborWriter {
 public:
  CborWriter& Unsigned(uint64_t value) { return Head(0, value); }
  CborWriter& Negative(uint64_t n) { return Head(1, n); }  // -1 - n
  CborWriter& Bstr(ByteView bytes) { return Head(2, bytes.size()).Raw(bytes); }
  CborWriter& Text(std::string_view text) { return Head(3, text.size()).Raw(AsBytes(text)); }
  CborWriter& Array(uint64_t count) { return Head(4, count); }
  CborWriter& Map(uint64_t count) { return Head(5, count); }
  CborWriter& Tag(uint64_t tag) { return Head(6, tag); }
  CborWriter& Null() { return Raw(Bytes{0xF6}); }
  CborWriter& Raw(ByteView bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Bytes Take() { return std::move(out_); }

 private:
  CborWriter& Head(uint8_t major, uint64_t value) {
    const auto first = static_cast<uint8_t>(major << 5);
    int size = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value >> 32 == 0 ? 4 : 8;
    const uint8_t info = size == 0   ? static_cast<uint8_t>(value)
                         : size == 1 ? 24
                         : size == 2 ? 25
                         : size == 4 ? 26
                                     : 27;
    out_.push_back(static_cast<uint8_t>(first | info));
    while (size-- > 0) out_.push_back(static_cast<uint8_t>(value >> (8 * size)));
    return *this;
  }
  Bytes out_;
};

}  // namespace kedge::testing
