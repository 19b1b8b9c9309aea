// Byte containers and their printable forms. Public data only: secrets live in SecretBytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kedge {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;
template <size_t N>
using ByteArray = std::array<uint8_t, N>;

// Views the characters of `text` as bytes; the view lives as long as `text`.
ByteView AsBytes(std::string_view text);
// Views bytes as characters, without any claim about an encoding.
std::string_view AsText(ByteView bytes);

Bytes ToBytes(ByteView view);
Bytes ToBytes(std::string_view text);

// Lower-case hexadecimal, two characters a byte.
std::string ToHex(ByteView bytes);
// Accepts exactly an even number of hexadecimal digits; nullopt otherwise.
std::optional<Bytes> FromHex(std::string_view hex);

// Standard base64 (RFC 4648 section 4) with padding.
std::string ToBase64(ByteView bytes);
// nullopt where `text` is not canonical base64.
std::optional<Bytes> FromBase64(std::string_view text);

bool Equal(ByteView a, ByteView b);

// Copies exactly N bytes; nullopt where the length differs.
template <size_t N>
std::optional<ByteArray<N>> ToArray(ByteView view) {
  if (view.size() != N) return std::nullopt;
  ByteArray<N> out{};
  for (size_t i = 0; i < N; ++i) out[i] = view[i];
  return out;
}

}  // namespace kedge
