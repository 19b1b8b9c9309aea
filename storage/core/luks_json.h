// The JSON area of a state disk's LUKS2 header against one exact document (S1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "crypto/digest.h"

namespace kedge {

// What our token carries. Nothing here is true before the header MAC has passed.
struct HeaderToken {
  uint32_t dek_generation = 0;
  uint64_t disk_counter = 0;
  uint64_t data_sectors = 0;  // of the opened device, 512 bytes each
  Sha256Digest mac{};
};

struct LuksJson {
  HeaderToken token;
  // The document with an empty MAC, in the spelling of the input: what digest and MAC cover.
  std::string without_mac;
};

// Accepts only the document that libcryptsetup 2.6 writes for us (the template in luks_json.cc):
// every member named, none unknown or twice, depth and size bounded, and spelled exactly as it
// would be written again, so that no other JSON parser can read it differently. `text` has no
// trailing NUL bytes. Faults: HEADER_NOT_ACCEPTED, naming the first member that differs.
StatusOr<LuksJson> ParseLuksJson(std::string_view text);

// The token as JSON for libcryptsetup and the key `0` of `tokens`.
std::string RenderHeaderToken(const HeaderToken& token);

// `text`, which ParseLuksJson accepts, with another MAC in the token.
StatusOr<std::string> ReplaceTokenMac(std::string_view text, const Sha256Digest& mac);

}  // namespace kedge
