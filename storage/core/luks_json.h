// The JSON area of a state disk's LUKS2 header against one exact document (S1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "crypto/digest.h"

namespace kedge {

// Formats of the token, and so of the header (docs/FORMATS.md). Format 1 does not count: its disk
// counter is 0. In formats 1 and 2 the file system covers the whole opened device, in format 3 the
// prepared extent. Format makes format 3; an advance takes format 1 to format 2.
inline constexpr uint32_t kHeaderFormat1 = 1;
inline constexpr uint32_t kHeaderFormat2 = 2;
inline constexpr uint32_t kHeaderFormat = 3;

// What our token carries. Nothing here is true before the header MAC has passed.
struct HeaderToken {
  uint32_t format = kHeaderFormat;
  uint32_t dek_generation = 0;
  uint64_t disk_counter = 0;
  uint64_t data_sectors = 0;  // of the opened device, 512 bytes each
  Sha256Digest mac{};
};

struct LuksJson {
  HeaderToken token;
  // The document with an empty MAC, in the spelling of the input: what the MAC covers.
  std::string without_mac;
  // The same at counter 0, and formats 1 and 2 as format 1 would spell it: what the digest covers,
  // so that it stays the same when the disk is counted.
  std::string identity;
};

// Accepts only the document that libcryptsetup 2.6 writes for us (the template in luks_json.cc):
// every member named, none unknown or twice, depth and size bounded, and spelled exactly as it
// would be written again, so that no other JSON parser can read it differently. `text` has no
// trailing NUL bytes. Faults: HEADER_NOT_ACCEPTED, naming the first member that differs.
StatusOr<LuksJson> ParseLuksJson(std::string_view text);

// The token as JSON for libcryptsetup and the key `0` of `tokens`.
std::string RenderHeaderToken(const HeaderToken& token);

// `text`, which ParseLuksJson accepts, with the token's format, counter and MAC replaced by those
// of `token`. As long as `text` where the format stays.
StatusOr<std::string> ReplaceToken(std::string_view text, const HeaderToken& token);

// Where the digits of the counter (none in format 1) and of the MAC stand in `text`, which
// ParseLuksJson accepts.
struct TextRange {
  size_t offset = 0;
  size_t size = 0;
};
std::vector<TextRange> ChangingDigits(std::string_view text);

}  // namespace kedge
