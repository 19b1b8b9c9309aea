#include "base/secret_hex.h"

namespace kedge {
namespace {

// Both directions without a table and without a branch on the digit: neither the cache nor the
// branch predictor learns the secret.

// All ones where low <= c <= high, else 0.
constexpr uint32_t Between(uint32_t c, uint32_t low, uint32_t high) {
  return (((low - 1 - c) & (c - high - 1)) >> 31) * 0xFFFFFFFFU;
}

// The digit's value, or more than 0xFF for what is none.
constexpr uint32_t Digit(uint8_t text) {
  const uint32_t c = text;
  const uint32_t decimal = Between(c, '0', '9');
  const uint32_t lower = Between(c, 'a', 'f');
  const uint32_t upper = Between(c, 'A', 'F');
  const uint32_t none = ~(decimal | lower | upper);
  return (decimal & (c - '0')) | (lower & (c - 'a' + 10)) | (upper & (c - 'A' + 10)) |
         (none & 0x100);
}

constexpr uint8_t Letter(uint32_t value) {
  return static_cast<uint8_t>(value + '0' + (Between(value, 10, 15) & ('a' - '0' - 10)));
}

}  // namespace

StatusOr<SecretBytes> SecretFromHex(ByteView text) {
  const Status bad = MakeError(StatusCode::kInvalidArgument,
                               "expected an even number of hexadecimal digits and nothing else");
  if (text.empty() || text.size() % 2 != 0) return bad;
  ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::Create(text.size() / 2));
  uint32_t seen = 0;
  secret.RevealMutable([&](std::span<uint8_t> out) {
    for (size_t i = 0; i < out.size(); ++i) {
      const uint32_t high = Digit(text[2 * i]);
      const uint32_t low = Digit(text[2 * i + 1]);
      seen |= high | low;
      out[i] = static_cast<uint8_t>((high << 4) | low);
    }
  });
  if (seen > 0xF) return bad;
  return secret;
}

StatusOr<SecretBytes> SecretToHex(const SecretBytes& secret) {
  ASSIGN_OR_RETURN(SecretBytes text, SecretBytes::Create(secret.size() * 2));
  text.RevealMutable([&](std::span<uint8_t> out) {
    secret.Reveal([&](ByteView raw) {
      for (size_t i = 0; i < raw.size(); ++i) {
        out[2 * i] = Letter(raw[i] >> 4);
        out[2 * i + 1] = Letter(raw[i] & 0xF);
      }
    });
  });
  return text;
}

}  // namespace kedge
