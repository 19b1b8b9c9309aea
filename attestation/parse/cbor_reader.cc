#include "attestation/parse/cbor_reader.h"

#include <absl/strings/str_cat.h>
#include <cbor.h>

#include <array>
#include <optional>

namespace kedge {
namespace {

using Slot = std::optional<CborItem>;

void Put(void* slot, CborItem item) { *static_cast<Slot*>(slot) = item; }
void PutNumber(void* slot, CborKind kind, uint64_t value) { Put(slot, {kind, value, false, {}}); }
void PutString(void* slot, CborKind kind, cbor_data data, size_t size) {
  Put(slot, {kind, size, false, {data, size}});
}

// What is not set here leaves the slot empty, which is an item that we refuse.
cbor_callbacks Callbacks() {
  cbor_callbacks out = cbor_empty_callbacks;
  out.uint8 = [](void* slot, uint8_t v) { PutNumber(slot, CborKind::kUnsigned, v); };
  out.uint16 = [](void* slot, uint16_t v) { PutNumber(slot, CborKind::kUnsigned, v); };
  out.uint32 = [](void* slot, uint32_t v) { PutNumber(slot, CborKind::kUnsigned, v); };
  out.uint64 = [](void* slot, uint64_t v) { PutNumber(slot, CborKind::kUnsigned, v); };
  out.negint8 = [](void* slot, uint8_t v) { PutNumber(slot, CborKind::kNegative, v); };
  out.negint16 = [](void* slot, uint16_t v) { PutNumber(slot, CborKind::kNegative, v); };
  out.negint32 = [](void* slot, uint32_t v) { PutNumber(slot, CborKind::kNegative, v); };
  out.negint64 = [](void* slot, uint64_t v) { PutNumber(slot, CborKind::kNegative, v); };
  out.byte_string = [](void* slot, cbor_data data, size_t size) {
    PutString(slot, CborKind::kBytes, data, size);
  };
  out.string = [](void* slot, cbor_data data, size_t size) {
    PutString(slot, CborKind::kText, data, size);
  };
  out.array_start = [](void* slot, size_t count) { PutNumber(slot, CborKind::kArray, count); };
  out.map_start = [](void* slot, size_t count) { PutNumber(slot, CborKind::kMap, count); };
  out.indef_array_start = [](void* slot) { Put(slot, {CborKind::kArray, 0, true, {}}); };
  out.indef_map_start = [](void* slot) { Put(slot, {CborKind::kMap, 0, true, {}}); };
  out.tag = [](void* slot, uint64_t v) { PutNumber(slot, CborKind::kTag, v); };
  out.null = [](void* slot) { PutNumber(slot, CborKind::kNull, 0); };
  out.boolean = [](void* slot, bool v) { PutNumber(slot, CborKind::kBool, v ? 1 : 0); };
  out.indef_break = [](void* slot) { PutNumber(slot, CborKind::kBreak, 0); };
  return out;
}

}  // namespace

StatusOr<CborItem> CborReader::Next() {
  static const cbor_callbacks callbacks = Callbacks();
  const ByteView rest = data_.subspan(position_);
  if (rest.empty()) return Malformed(absl::StrCat("CBOR ends at offset ", position_));
  Slot slot;
  const cbor_decoder_result result =
      cbor_stream_decode(rest.data(), rest.size(), &callbacks, &slot);
  if (result.status != CBOR_DECODER_FINISHED || result.read == 0 || result.read > rest.size() ||
      !slot) {
    return Malformed(absl::StrCat("no CBOR item that belongs here at offset ", position_));
  }
  position_ += result.read;
  return *slot;
}

StatusOr<CborItem> CborReader::Expect(CborKind kind) {
  const size_t at = position_;
  ASSIGN_OR_RETURN(CborItem item, Next());
  if (item.kind != kind) return Malformed(absl::StrCat("another kind of CBOR item at offset ", at));
  return item;
}

Status CborReader::SkipItem(int depth) {
  ASSIGN_OR_RETURN(const CborItem item, Next());
  return SkipRest(item, depth);
}

Status CborReader::SkipRest(const CborItem& item, int depth) {
  if (item.kind == CborKind::kBreak) return Malformed("a CBOR break outside of a container");
  if (item.kind == CborKind::kTag) {
    if (depth == 0) return Malformed("CBOR nested too deep");
    return SkipItem(depth - 1);
  }
  if (item.kind != CborKind::kArray && item.kind != CborKind::kMap) return absl::OkStatus();
  if (depth == 0) return Malformed("CBOR nested too deep");
  const uint64_t width = item.kind == CborKind::kMap ? 2 : 1;
  // Every item takes a byte: a count beyond the rest cannot be true.
  if (!item.indefinite && item.value > (data_.size() - position_) / width) {
    return Malformed("a CBOR container with more items than there are bytes");
  }
  for (uint64_t i = 0; item.indefinite || i < item.value * width; ++i) {
    ASSIGN_OR_RETURN(const CborItem next, Next());
    if (item.indefinite && next.kind == CborKind::kBreak && i % width == 0) break;
    RETURN_IF_ERROR(SkipRest(next, depth - 1));
  }
  return absl::OkStatus();
}

Status CborReader::ExpectEnd() const {
  if (empty()) return absl::OkStatus();
  return Malformed(absl::StrCat(data_.size() - position_, " bytes behind the CBOR item"));
}

Bytes EncodeCborBytes(ByteView value) {
  std::array<unsigned char, 9> head{};
  const size_t size = cbor_encode_bytestring_start(value.size(), head.data(), head.size());
  Bytes out(head.begin(), head.begin() + static_cast<ptrdiff_t>(size));
  out.insert(out.end(), value.begin(), value.end());
  return out;
}

}  // namespace kedge
