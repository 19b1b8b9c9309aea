#include "keyservice/core/seed_file.h"

#include <algorithm>

#include "base/secret_hex.h"

namespace kedge {
namespace {

bool IsSpace(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsText(uint8_t c) { return IsSpace(c) || (c > ' ' && c <= '~'); }

ByteView Trimmed(ByteView text) {
  while (!text.empty() && IsSpace(text.front())) text = text.subspan(1);
  while (!text.empty() && IsSpace(text.back())) text = text.first(text.size() - 1);
  return text;
}

}  // namespace

StatusOr<SecretBytes> ParseSeedFile(const SecretBytes& file) {
  return file.Reveal([](ByteView content) -> StatusOr<SecretBytes> {
    if (!std::all_of(content.begin(), content.end(), IsText)) return SecretBytes::CopyOf(content);
    StatusOr<SecretBytes> seed = SecretFromHex(Trimmed(content));
    if (seed.status().code() != StatusCode::kInvalidArgument) return seed;
    return MakeError(StatusCode::kInvalidArgument,
                     "the seed's file is text, but not one run of hexadecimal digits: expected "
                     "those, an even number of them on one line, or the seed's raw bytes");
  });
}

}  // namespace kedge
