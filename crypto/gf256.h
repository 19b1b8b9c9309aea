// Arithmetic in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197 section 4.2), for values that are
// secret: no table, no branch and no memory access depends on an operand.
#pragma once

#include <cstdint>

namespace kedge::gf256 {

// Addition is ^.

constexpr uint8_t Multiply(uint8_t a, uint8_t b) {
  uint32_t product = 0;
  uint32_t shifted = a;
  for (uint32_t bit = 0; bit < 8; ++bit) {
    product ^= shifted & (0U - ((uint32_t{b} >> bit) & 1U));
    shifted = (shifted << 1) ^ (0x11BU & (0U - (shifted >> 7)));
  }
  return static_cast<uint8_t>(product);
}

// The inverse, as a^254; 0 for 0.
constexpr uint8_t Invert(uint8_t a) {
  uint8_t power = a;
  uint8_t inverse = 1;
  for (int i = 0; i < 7; ++i) {  // 254 = 2 + 4 + … + 128
    power = Multiply(power, power);
    inverse = Multiply(inverse, power);
  }
  return inverse;
}

}  // namespace kedge::gf256
