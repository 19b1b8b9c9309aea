// Shorthands for tests that handle keys and fixed vectors.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status_matchers.h"

namespace kedge {

inline Bytes Hex(std::string_view hex) {
  auto bytes = FromHex(hex);
  EXPECT_TRUE(bytes.has_value()) << hex;
  return bytes.value_or(Bytes{});
}
inline SecretBytes SecretOf(ByteView bytes) { return SecretBytes::CopyOf(bytes).value(); }
inline SecretBytes SecretHex(std::string_view hex) { return SecretOf(Hex(hex)); }
// For comparing with fixed vectors only.
inline std::string HexOfSecret(const SecretBytes& secret) {
  return secret.Reveal([](ByteView raw) { return ToHex(raw); });
}

}  // namespace kedge
