#include "attestation/parse/der.h"

#include <absl/strings/str_cat.h>

namespace kedge {

StatusOr<ByteView> DerReader::Element(uint8_t tag) {
  ASSIGN_OR_RETURN(const uint8_t found, reader_.U8());
  if (found != tag) {
    return Malformed(
        absl::StrCat("DER: tag ", absl::Hex(found), " where ", absl::Hex(tag), " is expected"));
  }
  ASSIGN_OR_RETURN(const uint8_t first, reader_.U8());
  if (first < 0x80) return reader_.Take(first);
  // Long form: one or two bytes of length are enough for any extension.
  const int bytes = first & 0x7F;
  if (bytes < 1 || bytes > 2) return Malformed("DER: length of more than two bytes");
  size_t size = 0;
  for (int i = 0; i < bytes; ++i) {
    ASSIGN_OR_RETURN(const uint8_t byte, reader_.U8());
    size = (size << 8) | byte;
  }
  if (size < (bytes == 1 ? 0x80u : 0x100u)) {
    return Malformed("DER: length not in its shortest form");
  }
  return reader_.Take(size);
}

StatusOr<DerReader> DerReader::Sequence() {
  ASSIGN_OR_RETURN(const ByteView content, Element(kDerSequence));
  return DerReader(content);
}

StatusOr<uint64_t> DerReader::Unsigned(uint8_t tag, uint64_t max) {
  ASSIGN_OR_RETURN(const ByteView content, Element(tag));
  if (content.empty() || content.size() > 9) return Malformed("DER: integer of a strange size");
  if ((content[0] & 0x80) != 0) return Malformed("DER: negative integer");
  if (content.size() > 1 && content[0] == 0 && (content[1] & 0x80) == 0) {
    return Malformed("DER: integer not in its shortest form");
  }
  if (content.size() == 9 && content[0] != 0) return Malformed("DER: integer above 64 bits");
  uint64_t value = 0;
  for (const uint8_t byte : content) value = (value << 8) | byte;
  if (value > max) return Malformed(absl::StrCat("DER: integer ", value, " above ", max));
  return value;
}

StatusOr<bool> DerReader::Boolean() {
  ASSIGN_OR_RETURN(const ByteView content, Element(kDerBoolean));
  if (content.size() != 1 || (content[0] != 0x00 && content[0] != 0xFF)) {
    return Malformed("DER: boolean that is neither 00 nor FF");
  }
  return content[0] == 0xFF;
}

}  // namespace kedge
