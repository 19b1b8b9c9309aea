// Bounds-checked reader over outside bytes: every read checks the length first, nothing is copied
// unless asked for, and nothing throws.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

class Reader {
 public:
  explicit Reader(ByteView data) : data_(data) {}

  size_t remaining() const { return data_.size() - position_; }
  size_t position() const { return position_; }
  bool empty() const { return remaining() == 0; }

  StatusOr<uint8_t> U8();
  StatusOr<uint16_t> U16Be();
  StatusOr<uint32_t> U32Be();
  StatusOr<uint64_t> U64Be();
  StatusOr<uint16_t> U16Le();
  StatusOr<uint32_t> U32Le();
  StatusOr<uint64_t> U64Le();
  // The next `size` bytes; the view lives as long as the data given to the constructor.
  StatusOr<ByteView> Take(size_t size);
  Status Skip(size_t size);
  // A field `lp(x) = u32be(len) || x` of at most `max` bytes (design: Protocol, first paragraph).
  StatusOr<ByteView> Lp(size_t max);
  // A field with a 16-bit big-endian length (TPM2B_*) of at most `max` bytes.
  StatusOr<ByteView> Sized16Be(size_t max);
  // MALFORMED unless everything has been read.
  Status ExpectEnd() const;

 private:
  template <typename T, bool kBigEndian>
  StatusOr<T> Integer();

  ByteView data_;
  size_t position_ = 0;
};

}  // namespace kedge
