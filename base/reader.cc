#include "base/reader.h"

#include <absl/strings/str_cat.h>

namespace kedge {

template <typename T, bool kBigEndian>
StatusOr<T> Reader::Integer() {
  ASSIGN_OR_RETURN(ByteView bytes, Take(sizeof(T)));
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    const size_t at = kBigEndian ? i : sizeof(T) - 1 - i;
    value = (value << 8) | bytes[at];
  }
  return static_cast<T>(value);
}

StatusOr<uint8_t> Reader::U8() { return Integer<uint8_t, true>(); }
StatusOr<uint16_t> Reader::U16Be() { return Integer<uint16_t, true>(); }
StatusOr<uint32_t> Reader::U32Be() { return Integer<uint32_t, true>(); }
StatusOr<uint64_t> Reader::U64Be() { return Integer<uint64_t, true>(); }
StatusOr<uint16_t> Reader::U16Le() { return Integer<uint16_t, false>(); }
StatusOr<uint32_t> Reader::U32Le() { return Integer<uint32_t, false>(); }
StatusOr<uint64_t> Reader::U64Le() { return Integer<uint64_t, false>(); }

StatusOr<ByteView> Reader::Take(size_t size) {
  if (size > remaining()) {
    return Malformed(absl::StrCat("needs ", size, " bytes at offset ", position_, ", only ",
                                  remaining(), " left"));
  }
  const ByteView out = data_.subspan(position_, size);
  position_ += size;
  return out;
}

Status Reader::Skip(size_t size) { return Take(size).status(); }

StatusOr<ByteView> Reader::Lp(size_t max) {
  ASSIGN_OR_RETURN(const uint32_t size, U32Be());
  if (size > max) {
    return Malformed(absl::StrCat("field of ", size, " bytes, at most ", max, " allowed"));
  }
  return Take(size);
}

StatusOr<ByteView> Reader::Sized16Be(size_t max) {
  ASSIGN_OR_RETURN(const uint16_t size, U16Be());
  if (size > max) {
    return Malformed(absl::StrCat("field of ", size, " bytes, at most ", max, " allowed"));
  }
  return Take(size);
}

Status Reader::ExpectEnd() const {
  if (empty()) return absl::OkStatus();
  return Malformed(absl::StrCat(remaining(), " trailing bytes at offset ", position_));
}

}  // namespace kedge
