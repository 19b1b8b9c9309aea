#include "storage/core/header_copies.h"

#include <algorithm>
#include <array>
#include <vector>

#include "storage/core/luks_json.h"

namespace kedge {
namespace {

Status NotAccepted(std::string_view what) {
  return Refused("HEADER_NOT_ACCEPTED", "LUKS2 header: " + std::string(what));
}

bool AllZero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

uint64_t BigEndian(ByteView field) {
  uint64_t value = 0;
  for (const uint8_t byte : field) value = (value << 8) | byte;
  return value;
}

void Put(Bytes& copy, size_t offset, ByteView value) {
  std::copy(value.begin(), value.end(), copy.begin() + static_cast<ptrdiff_t>(offset));
}

void Fill(Bytes& copy, size_t offset, size_t size, uint8_t value) {
  std::fill_n(copy.begin() + static_cast<ptrdiff_t>(offset), size, value);
}

// A text field holds exactly `text`, then NUL bytes.
bool HoldsText(ByteView field, std::string_view text) {
  return AsText(field.first(text.size())) == text && AllZero(field.subspan(text.size()));
}

// libuuid's form: 36 lower-case characters, then NUL bytes.
bool IsUuidField(ByteView field) {
  constexpr size_t kUuidCharacters = 36;
  for (size_t i = 0; i < kUuidCharacters; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = static_cast<char>(field[i]);
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return AllZero(field.subspan(kUuidCharacters));
}

void PutMagicAndOffset(Bytes& copy, bool primary) {
  Put(copy, kLuksMagic.offset, primary ? kLuksPrimaryMagic : kLuksSecondaryMagic);
  PutBigEndian(copy, kLuksHeaderOffset, primary ? 0 : kLuksCopyBytes);
}

// What a copy may look like: a byte counts only where `fixed` is not 0.
struct Pattern {
  Bytes bytes;
  Bytes fixed;
};

Pattern PatternOf(ByteView whole, bool primary, std::string_view text) {
  Pattern out{.bytes = MakeCopy(whole, primary, text, 0), .fixed = Bytes(kLuksCopyBytes, 1)};
  for (const LuksField field : {kLuksSequence, kLuksSalt}) {
    Fill(out.fixed, field.offset, field.size, 0);
  }
  Fill(out.fixed, kLuksChecksum.offset, std::tuple_size_v<Sha256Digest>, 0);
  for (const TextRange range : ChangingDigits(text)) {
    Fill(out.fixed, kLuksBinaryHeaderBytes + range.offset, range.size, 0);
  }
  return out;
}

// Formats that the other copy may have: an advance takes format 1 to format 2, and no other format
// to another.
std::vector<uint32_t> FormatsBeside(std::string_view text) {
  const auto json = ParseLuksJson(text);
  if (json.ok() && json->token.format == kHeaderFormat) return {kHeaderFormat};
  return {kHeaderFormat1, kHeaderFormat2};
}

bool Fits(const Pattern& pattern, ByteView copy, size_t offset) {
  for (size_t i = offset; i < offset + kAtomicWriteBytes; ++i) {
    if (pattern.fixed[i] != 0 && pattern.bytes[i] != copy[i]) return false;
  }
  return true;
}

}  // namespace

ByteView FieldOf(ByteView copy, LuksField field) { return copy.subspan(field.offset, field.size); }

void PutBigEndian(Bytes& copy, LuksField field, uint64_t value) {
  for (size_t i = field.size; i-- > 0; value >>= 8) {
    copy[field.offset + i] = static_cast<uint8_t>(value);
  }
}

uint64_t SequenceOf(ByteView copy) { return BigEndian(FieldOf(copy, kLuksSequence)); }

Sha256Digest ChecksumOfCopy(ByteView copy) {
  const Bytes zeros(kLuksChecksum.size, 0);
  return Sha256({copy.first(kLuksChecksum.offset), zeros,
                 copy.subspan(kLuksChecksum.offset + kLuksChecksum.size)});
}

Status CheckCopy(ByteView copy, bool primary) {
  const std::string name = primary ? "primary copy: " : "secondary copy: ";
  const auto& magic = primary ? kLuksPrimaryMagic : kLuksSecondaryMagic;
  if (!Equal(FieldOf(copy, kLuksMagic), magic)) return NotAccepted(name + "no LUKS magic");
  if (BigEndian(FieldOf(copy, kLuksVersion)) != 2) return NotAccepted(name + "version is not 2");
  if (BigEndian(FieldOf(copy, kLuksHeaderSize)) != kLuksCopyBytes) {
    return NotAccepted(name + "size of header and JSON area is not 16384");
  }
  if (SequenceOf(copy) == 0) return NotAccepted(name + "sequence is 0");
  if (!AllZero(FieldOf(copy, kLuksLabel))) return NotAccepted(name + "has a label");
  if (!HoldsText(FieldOf(copy, kLuksChecksumAlgorithm), "sha256")) {
    return NotAccepted(name + "checksum algorithm is not sha256");
  }
  if (!IsUuidField(FieldOf(copy, kLuksUuid))) return NotAccepted(name + "UUID is malformed");
  if (!AllZero(FieldOf(copy, kLuksSubsystem))) return NotAccepted(name + "has a subsystem");
  if (BigEndian(FieldOf(copy, kLuksHeaderOffset)) != (primary ? 0 : kLuksCopyBytes)) {
    return NotAccepted(name + "names another offset than its own");
  }
  if (!AllZero(FieldOf(copy, kLuksPadding)) || !AllZero(FieldOf(copy, kLuksPadding4096))) {
    return NotAccepted(name + "padding is not zero");
  }
  const ByteView checksum = FieldOf(copy, kLuksChecksum);
  const Sha256Digest expected = ChecksumOfCopy(copy);
  if (!Equal(checksum.first(expected.size()), expected) ||
      !AllZero(checksum.subspan(expected.size()))) {
    return NotAccepted(name + "checksum is wrong");
  }
  return Status();
}

Bytes CommonBinaryHeader(ByteView copy, uint64_t sequence) {
  Bytes header = ToBytes(copy.first(kLuksBinaryHeaderBytes));
  for (const LuksField field : {kLuksMagic, kLuksSalt, kLuksHeaderOffset, kLuksChecksum}) {
    Fill(header, field.offset, field.size, 0);
  }
  PutBigEndian(header, kLuksSequence, sequence);
  return header;
}

StatusOr<std::string_view> JsonText(ByteView copy) {
  const ByteView area = copy.subspan(kLuksBinaryHeaderBytes, kLuksJsonAreaBytes);
  const auto end = std::find(area.begin(), area.end(), uint8_t{0});
  const auto length = static_cast<size_t>(end - area.begin());
  if (length == area.size()) return NotAccepted("JSON text does not end inside its area");
  if (!AllZero(area.subspan(length))) return NotAccepted("bytes follow the JSON text");
  return AsText(area.first(length));
}

Bytes MakeCopy(ByteView copy, bool primary, std::string_view text, uint64_t sequence) {
  Bytes out = ToBytes(copy);
  PutMagicAndOffset(out, primary);
  PutBigEndian(out, kLuksSequence, sequence);
  Fill(out, kLuksBinaryHeaderBytes, kLuksJsonAreaBytes, 0);
  Put(out, kLuksBinaryHeaderBytes, AsBytes(text));
  Fill(out, kLuksChecksum.offset, kLuksChecksum.size, 0);
  Put(out, kLuksChecksum.offset, ChecksumOfCopy(out));
  return out;
}

bool IsTornFrom(ByteView torn, bool torn_is_primary, ByteView whole) {
  const auto text = JsonText(whole);
  if (!text.ok()) return false;
  std::vector<Pattern> patterns;
  for (const uint32_t format : FormatsBeside(*text)) {
    const auto spelled = ReplaceToken(*text, {.format = format});
    if (!spelled.ok() || spelled->size() >= kLuksJsonAreaBytes) return false;
    patterns.push_back(PatternOf(whole, torn_is_primary, *spelled));
  }
  for (size_t offset = 0; offset < kLuksCopyBytes; offset += kAtomicWriteBytes) {
    if (std::none_of(patterns.begin(), patterns.end(), [torn, offset](const Pattern& pattern) {
          return Fits(pattern, torn, offset);
        })) {
      return false;
    }
  }
  return true;
}

}  // namespace kedge
