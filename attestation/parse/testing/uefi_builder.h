// Builds the UEFI structures of measured events, for tests (header only). Nothing is checked: a
// test may build whatever it wants refused.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace kedge::testing {

class LittleEndianWriter {
 public:
  LittleEndianWriter& U8(uint8_t value) { return Number(value, 1); }
  LittleEndianWriter& U16(uint16_t value) { return Number(value, 2); }
  LittleEndianWriter& U32(uint32_t value) { return Number(value, 4); }
  LittleEndianWriter& U64(uint64_t value) { return Number(value, 8); }
  LittleEndianWriter& Raw(ByteView bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  LittleEndianWriter& Text(std::string_view text) { return Raw(AsBytes(text)); }
  // Each character as UTF-16, without a terminator.
  LittleEndianWriter& Wide(std::string_view text) {
    for (char c : text) U16(static_cast<uint8_t>(c));
    return *this;
  }
  Bytes Take() { return std::move(out_); }

 private:
  LittleEndianWriter& Number(uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) out_.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  Bytes out_;
};

// EFI_GLOBAL_VARIABLE and EFI_IMAGE_SECURITY_DATABASE_GUID as bytes.
inline Bytes GlobalGuid() {
  return {0x61, 0xDF, 0xE4, 0x8B, 0xCA, 0x93, 0xD2, 0x11,
          0xAA, 0x0D, 0x00, 0xE0, 0x98, 0x03, 0x2B, 0x8C};
}
inline Bytes ImageSecurityGuid() {
  return {0xCB, 0xB2, 0x19, 0xD7, 0x3A, 0x3D, 0x96, 0x45,
          0xA3, 0xBC, 0xDA, 0xD0, 0x0E, 0x67, 0x65, 0x6F};
}
// EFI_CERT_SHA256_GUID.
inline Bytes Sha256ListGuid() {
  return {0x26, 0x16, 0xC4, 0xC1, 0x4C, 0x50, 0x92, 0x40,
          0xAC, 0xA9, 0x41, 0xF9, 0x36, 0x93, 0x43, 0x28};
}

inline Bytes VariableData(ByteView guid, std::string_view name, ByteView data) {
  return LittleEndianWriter()
      .Raw(guid)
      .U64(name.size())
      .U64(data.size())
      .Wide(name)
      .Raw(data)
      .Take();
}

inline Bytes SecureBootVariable(bool on) {
  return VariableData(GlobalGuid(), "SecureBoot", Bytes{static_cast<uint8_t>(on ? 1 : 0)});
}

inline Bytes PathNode(uint8_t type, uint8_t subtype, ByteView body) {
  return LittleEndianWriter()
      .U8(type)
      .U8(subtype)
      .U16(static_cast<uint16_t>(body.size() + 4))
      .Raw(body)
      .Take();
}
inline Bytes PathEnd() { return PathNode(0x7F, 0xFF, {}); }
inline Bytes FilePath(std::string_view name) {
  return PathNode(4, 4, LittleEndianWriter().Wide(name).U16(0).Take());
}

inline Bytes ImageLoadEvent(ByteView path) {
  return LittleEndianWriter().U64(0x1000).U64(0x2000).U64(0).U64(path.size()).Raw(path).Take();
}

inline Bytes Sha256List(const std::vector<Bytes>& hashes) {
  LittleEndianWriter out;
  const auto size = static_cast<uint32_t>(28 + hashes.size() * 48);
  out.Raw(Sha256ListGuid()).U32(size).U32(0).U32(48);
  for (const Bytes& hash : hashes) out.Raw(Bytes(16, 0x77)).Raw(hash);
  return out.Take();
}

inline Bytes GptEvent(uint64_t partitions, std::string_view name) {
  LittleEndianWriter out;
  out.Text("EFI PART").Raw(Bytes(48, 0)).Raw(Bytes(16, 0xD1));
  out.U64(2).U32(128).U32(128).U32(0).U64(partitions);
  for (uint64_t i = 0; i < partitions; ++i) {
    out.Raw(Bytes(16, 0x11)).Raw(Bytes(16, 0x22)).U64(2048).U64(4095).U64(0);
    out.Wide(name).Raw(Bytes(72 - 2 * name.size(), 0));
  }
  return out.Take();
}

}  // namespace kedge::testing
