#include "base/lp.h"

#include <limits>
#include <utility>

namespace kedge {

ByteArray<4> U32Be(uint32_t value) {
  return {static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
          static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

ByteArray<8> U64Be(uint64_t value) {
  const auto high = U32Be(static_cast<uint32_t>(value >> 32));
  const auto low = U32Be(static_cast<uint32_t>(value & std::numeric_limits<uint32_t>::max()));
  return {high[0], high[1], high[2], high[3], low[0], low[1], low[2], low[3]};
}

LpWriter& LpWriter::Add(ByteView field) {
  Raw(U32Be(static_cast<uint32_t>(field.size())));
  return Raw(field);
}

LpWriter& LpWriter::AddU32(uint32_t value) { return Add(U32Be(value)); }
LpWriter& LpWriter::AddU64(uint64_t value) { return Add(U64Be(value)); }

LpWriter& LpWriter::Raw(ByteView encoded) {
  out_.insert(out_.end(), encoded.begin(), encoded.end());
  return *this;
}

Bytes Lp(std::initializer_list<ByteView> fields) {
  LpWriter writer;
  for (ByteView field : fields) writer.Add(field);
  return std::move(writer).Take();
}

}  // namespace kedge
