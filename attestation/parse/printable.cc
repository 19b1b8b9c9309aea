#include "attestation/parse/printable.h"

#include <absl/strings/str_cat.h>

namespace kedge {
namespace {

bool IsPlain(uint32_t c) { return c >= 0x20 && c < 0x7F; }

// Controls, and the marks of the bidirectional algorithm (Unicode 15, section 9.2), zero-width
// characters, line separators and private or special code points.
bool IsShowable(uint32_t c) {
  if (c < 0xA0) return IsPlain(c);
  if ((c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F)) return false;
  if ((c >= 0x2060 && c <= 0x206F) || c == 0x061C || c == 0xFEFF || c == 0xAD) return false;
  if ((c >= 0xD800 && c <= 0xF8FF) || (c >= 0xFFF0 && c <= 0xFFFF)) return false;
  return c < 0xE0000;
}

void AppendUtf8(uint32_t c, std::string& out) {
  const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

uint32_t UnitAt(ByteView bytes, size_t index) {
  return static_cast<uint32_t>(bytes[2 * index] | (bytes[2 * index + 1] << 8));
}

}  // namespace

std::string PrintableAscii(ByteView bytes) {
  while (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
  std::string out;
  for (uint8_t byte : bytes) {
    if (byte == '\\') {
      out += "\\\\";
    } else if (IsPlain(byte)) {
      out.push_back(static_cast<char>(byte));
    } else {
      absl::StrAppend(&out, "\\x", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  return out;
}

std::string PrintableUtf16(ByteView bytes) {
  std::string out;
  const size_t units = bytes.size() / 2;
  for (size_t i = 0; i < units; ++i) {
    uint32_t c = UnitAt(bytes, i);
    if (c == 0) break;
    if (c >= 0xD800 && c < 0xDC00 && i + 1 < units) {
      const uint32_t low = UnitAt(bytes, i + 1);
      if (low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        ++i;
      }
    }
    if (IsShowable(c)) {
      AppendUtf8(c, out);
    } else {
      absl::StrAppend(&out, "\\u", absl::Hex(c, absl::kZeroPad4));
    }
  }
  return out;
}

bool LooksLikeUtf16(ByteView bytes) {
  if (bytes.size() < 2 || bytes.size() % 2 != 0 || bytes[0] == 0) return false;
  size_t zeros = 0;
  for (size_t i = 1; i < bytes.size(); i += 2) zeros += bytes[i] == 0 ? 1 : 0;
  return zeros * 4 >= (bytes.size() / 2) * 3;
}

std::string PrintableText(ByteView bytes) {
  return LooksLikeUtf16(bytes) ? PrintableUtf16(bytes) : PrintableAscii(bytes);
}

std::string ShortHex(ByteView bytes, size_t max) {
  if (bytes.size() <= max) return ToHex(bytes);
  return absl::StrCat(ToHex(bytes.first(max)), "… (", bytes.size(), " bytes)");
}

}  // namespace kedge
