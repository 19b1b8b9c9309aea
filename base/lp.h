// The project's one encoding of hashed, MACed and derived-from input:
// lp(x) = u32be(len) || x for every field, label and info string (design: Protocol).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"

namespace kedge {

class LpWriter {
 public:
  LpWriter& Add(ByteView field);
  LpWriter& Add(std::string_view field) { return Add(AsBytes(field)); }
  // Integers are fields of fixed width: lp(u32be(v)), lp(u64be(v)).
  LpWriter& AddU32(uint32_t value);
  LpWriter& AddU64(uint64_t value);
  // Already encoded bytes, appended as they are.
  LpWriter& Raw(ByteView encoded);

  const Bytes& bytes() const& { return out_; }
  Bytes Take() && { return std::move(out_); }

 private:
  Bytes out_;
};

// lp of each field, one after the other.
Bytes Lp(std::initializer_list<ByteView> fields);

ByteArray<4> U32Be(uint32_t value);
ByteArray<8> U64Be(uint64_t value);

}  // namespace kedge
