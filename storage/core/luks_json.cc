#include "storage/core/luks_json.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "storage/core/luks_layout.h"

namespace kedge {
namespace {

using Json = nlohmann::ordered_json;

// The allow-list, in format 2; the others differ in the token's version and counter. A value
// "<kind>" stands for any value of that kind (MatchesKind); everything else must be equal.
constexpr std::string_view kTemplate = R"json({
  "keyslots": {"0": {
    "type": "luks2",
    "key_size": 96,
    "af": {"type": "luks1", "stripes": 4000, "hash": "sha256"},
    "area": {"type": "raw", "offset": "32768", "size": "385024",
             "encryption": "aes-xts-plain64", "key_size": 64},
    "kdf": {"type": "pbkdf2", "hash": "sha256", "iterations": "<iterations>",
            "salt": "<base64 of 32 bytes>"}}},
  "tokens": {"0": {
    "type": "kedge",
    "keyslots": ["0"],
    "version": 2,
    "dek_generation": "<positive 32-bit integer>",
    "disk_counter": "<64-bit integer in 20 digits>",
    "data_sectors": "<64-bit integer in a string>",
    "mac": "<hexadecimal of 32 bytes>"}},
  "segments": {"0": {
    "type": "crypt", "offset": "16777216", "size": "dynamic", "iv_tweak": "0",
    "encryption": "aes-xts-plain64", "sector_size": 4096,
    "integrity": {"type": "hmac(sha256)", "journal_encryption": "none",
                  "journal_integrity": "none"}}},
  "digests": {"0": {
    "type": "pbkdf2", "keyslots": ["0"], "segments": ["0"], "hash": "sha256",
    "iterations": "<iterations>",
    "salt": "<base64 of 32 bytes>",
    "digest": "<base64 of 32 bytes>"}},
  "config": {"json_size": "12288", "keyslots_size": "16744448"}
})json";

constexpr char kFormat1Counter[] = "0";
// Every counter is as long as every other, so that an advance moves nothing else in the text.
constexpr size_t kCounterDigits = 20;
constexpr size_t kMacDigits = 64;

constexpr size_t kMaxDepth = 8;
// The PBKDF2 work a header may ask for: 1,000 is the least that libcryptsetup takes, and what we
// write because the passphrase has full entropy.
constexpr uint64_t kMinIterations = 1000;
constexpr uint64_t kMaxIterations = 10000;

Status NotAccepted(std::string_view what) {
  return Refused("HEADER_NOT_ACCEPTED", "LUKS2 JSON: " + std::string(what));
}

// A hostile name or value, short and in ASCII, for a message.
std::string Quoted(const Json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (text.size() > 48) text = text.substr(0, 45) + "...";
  return text;
}

// Refuses what a JSON tree can no longer show: a member named twice, and nesting.
class StructureCheck : public nlohmann::json_sax<Json> {
 public:
  const std::string& problem() const { return problem_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Enter(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }
  bool key(string_t& name) override {
    if (names_.back().insert(name).second) return true;
    return Fail("member " + Quoted(name) + " appears twice");
  }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Fail("not JSON at byte " + std::to_string(position));
  }

 private:
  bool Fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool Enter() {
    if (names_.size() == kMaxDepth) {
      return Fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    names_.emplace_back();
    return true;
  }
  bool Leave() {
    names_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> names_;
  std::string problem_;
};

std::optional<uint64_t> ParseDecimal(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (std::to_string(value) != text) return std::nullopt;  // no leading zeros
  return value;
}

std::string CounterText(uint64_t counter) {
  const std::string digits = std::to_string(counter);
  return std::string(kCounterDigits - digits.size(), '0') + digits;
}

std::optional<uint64_t> ParseCounter(const std::string& text) {
  if (text.size() != kCounterDigits) return std::nullopt;
  const size_t first = std::min(text.find_first_not_of('0'), kCounterDigits - 1);
  return ParseDecimal(text.substr(first));
}

bool IsBase64Of32(const Json& value) {
  if (!value.is_string()) return false;
  const auto bytes = FromBase64(value.get_ref<const std::string&>());
  return bytes && bytes->size() == 32;
}

bool IsLowerHexOf32(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  const auto bytes = FromHex(text);
  return bytes && bytes->size() == 32 && ToHex(*bytes) == text;
}

bool IsIntegerWithin(const Json& value, uint64_t least, uint64_t most) {
  return value.is_number_unsigned() && value.get<uint64_t>() >= least &&
         value.get<uint64_t>() <= most;
}

bool MatchesKind(std::string_view kind, const Json& value) {
  if (kind == "<iterations>") return IsIntegerWithin(value, kMinIterations, kMaxIterations);
  if (kind == "<base64 of 32 bytes>") return IsBase64Of32(value);
  if (kind == "<hexadecimal of 32 bytes>") return IsLowerHexOf32(value);
  if (kind == "<positive 32-bit integer>") return IsIntegerWithin(value, 1, UINT32_MAX);
  if (kind == "<64-bit integer in 20 digits>") {
    return value.is_string() && ParseCounter(value.get_ref<const std::string&>()).has_value();
  }
  return kind == "<64-bit integer in a string>" && value.is_string() &&
         ParseDecimal(value.get_ref<const std::string&>()).has_value();
}

Status Match(const Json& expected, const Json& actual, const std::string& path) {
  if (expected.is_object()) {
    const std::string here = path.empty() ? "the document" : path;
    if (!actual.is_object()) return NotAccepted(here + ": expected an object");
    for (const auto& [name, value] : expected.items()) {
      const auto found = actual.find(name);
      if (found == actual.end()) return NotAccepted(here + ": member \"" + name + "\" missing");
      RETURN_IF_ERROR(Match(value, *found, absl::StrCat(path, "/", name)));
    }
    for (const auto& [name, value] : actual.items()) {
      if (!expected.contains(name)) {
        return NotAccepted(here + ": unknown member " + Quoted(name));
      }
    }
    return Status();
  }
  if (expected.is_string()) {
    const auto& text = expected.get_ref<const std::string&>();
    if (text.starts_with('<')) {
      if (MatchesKind(text, actual)) return Status();
      return NotAccepted(path + ": expected " + text + ", found " + Quoted(actual));
    }
  }
  if (expected == actual && expected.type() == actual.type()) return Status();
  return NotAccepted(path + ": expected " + expected.dump() + ", found " + Quoted(actual));
}

Json Template(uint32_t format) {
  static const Json* const format2 = new Json(Json::parse(kTemplate));
  Json json = *format2;
  json["tokens"]["0"]["version"] = format;
  if (format == kHeaderFormat1) json["tokens"]["0"]["disk_counter"] = kFormat1Counter;
  return json;
}

// A disk of a later release is told from a hostile one; neither is opened or formatted.
Status CheckNotNewer(const Json& json) {
  const Json::json_pointer version("/tokens/0/version");
  if (!json.contains(version) ||
      !IsIntegerWithin(json.at(version), kHeaderFormat + 1, UINT32_MAX)) {
    return Status();
  }
  return NotAccepted("/tokens/0/version: header format " + json.at(version).dump() +
                     " is newer than the formats 1 to " + std::to_string(kHeaderFormat) +
                     " that this release knows; open the disk with the release that wrote it");
}

// What the token says of itself; format 2 where it says nothing that is known.
uint32_t FormatOf(const Json& json) {
  const Json::json_pointer version("/tokens/0/version");
  for (const uint32_t format : {kHeaderFormat1, kHeaderFormat}) {
    if (json.contains(version) && json.at(version) == format) return format;
  }
  return kHeaderFormat2;
}

void SetToken(Json& json, uint32_t format, uint64_t disk_counter, const std::string& mac) {
  Json& token = json["tokens"]["0"];
  token["version"] = format;
  token["disk_counter"] =
      format == kHeaderFormat1 ? std::string(kFormat1Counter) : CounterText(disk_counter);
  token["mac"] = mac;
}

StatusOr<Json> ParseAccepted(std::string_view text) {
  if (text.size() > kLuksJsonAreaBytes) return NotAccepted("larger than its area");
  StructureCheck structure;
  if (!Json::sax_parse(text, &structure)) return NotAccepted(structure.problem());
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  RETURN_IF_ERROR(CheckNotNewer(json));
  RETURN_IF_ERROR(Match(Template(FormatOf(json)), json, ""));
  if (json.dump() != text) {
    return NotAccepted("not in the compact spelling that libcryptsetup writes");
  }
  return json;
}

}  // namespace

StatusOr<LuksJson> ParseLuksJson(std::string_view text) {
  ASSIGN_OR_RETURN(Json json, ParseAccepted(text));
  const Json& token = json["tokens"]["0"];
  LuksJson out;
  out.token.format = token["version"].get<uint32_t>();
  out.token.dek_generation = token["dek_generation"].get<uint32_t>();
  if (out.token.format != kHeaderFormat1) {
    out.token.disk_counter = ParseCounter(token["disk_counter"].get<std::string>()).value();
  }
  out.token.data_sectors = ParseDecimal(token["data_sectors"].get<std::string>()).value();
  out.token.mac = ToArray<32>(FromHex(token["mac"].get<std::string>()).value()).value();
  SetToken(json, out.token.format, out.token.disk_counter, "");
  out.without_mac = json.dump();
  SetToken(json, out.token.format == kHeaderFormat ? kHeaderFormat : kHeaderFormat1, 0, "");
  out.identity = json.dump();
  return out;
}

std::string RenderHeaderToken(const HeaderToken& token) {
  Json json = {{"tokens",
                {{"0",
                  {{"type", "kedge"},
                   {"keyslots", Json::array({"0"})},
                   {"version", 0},
                   {"dek_generation", token.dek_generation},
                   {"disk_counter", ""},
                   {"data_sectors", std::to_string(token.data_sectors)},
                   {"mac", ""}}}}}};
  SetToken(json, token.format, token.disk_counter, ToHex(token.mac));
  return json["tokens"]["0"].dump();
}

StatusOr<std::string> ReplaceToken(std::string_view text, const HeaderToken& token) {
  ASSIGN_OR_RETURN(Json json, ParseAccepted(text));
  SetToken(json, token.format, token.disk_counter, ToHex(token.mac));
  return json.dump();
}

std::vector<TextRange> ChangingDigits(std::string_view text) {
  constexpr std::string_view kVersion1 = R"("version":1,)";
  constexpr std::string_view kCounter = R"("disk_counter":")";
  constexpr std::string_view kMac = R"("mac":")";
  // Each of these stands once in an accepted text: no other member has such a name.
  std::vector<TextRange> ranges = {{text.find(kMac) + kMac.size(), kMacDigits}};
  if (text.find(kVersion1) == std::string_view::npos) {
    ranges.push_back({text.find(kCounter) + kCounter.size(), kCounterDigits});
  }
  return ranges;
}

}  // namespace kedge
