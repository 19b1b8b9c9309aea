#include "attestation/parse/pcr_values.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/reader.h"

namespace kedge {
namespace {

using nlohmann::json;

constexpr size_t kMaxFile = 256 * 1024;
constexpr uint32_t kMaxIndex = 31;
// TPML_PCR_SELECTION and TPML_DIGEST of tpm2-tss.
constexpr size_t kSelections = 16;
constexpr size_t kDigestsPerList = 8;
constexpr size_t kDigestBuffer = 64;
constexpr uint32_t kMaxDigestLists = 64;

StatusOr<PcrValues> ReadBank(const json& object, PcrBank bank) {
  if (!object.is_object()) return Malformed("PCR values of a bank are not a JSON object");
  PcrValues out;
  for (const auto& [key, value] : object.items()) {
    uint32_t index = 0;
    const auto* hex = value.get_ptr<const std::string*>();
    // One spelling for each index, or two entries could mean the same.
    const bool plain = !key.empty() && (key == "0" || key[0] != '0') &&
                       key.find_first_not_of("0123456789") == std::string::npos;
    if (!plain || !absl::SimpleAtoi(key, &index) || index > kMaxIndex) {
      return Malformed("a PCR index is not a number from 0 to 31");
    }
    std::optional<Bytes> bytes = hex == nullptr ? std::nullopt : FromHex(*hex);
    if (!bytes || bytes->size() != DigestSize(bank)) {
      return Malformed(absl::StrCat("the value of PCR ", index, " is not ", DigestSize(bank),
                                    " bytes in hexadecimal"));
    }
    out[index] = *std::move(bytes);
  }
  return out;
}

struct Selected {
  PcrBank bank = PcrBank::kSha256;
  PcrIndex index = 0;
};

StatusOr<std::vector<Selected>> ReadToolsSelection(Reader& reader) {
  ASSIGN_OR_RETURN(const uint32_t count, reader.U32Le());
  if (count == 0 || count > kSelections) {
    return Malformed(absl::StrCat(count, " PCR selections in a file of PCR values"));
  }
  std::vector<Selected> out;
  for (size_t i = 0; i < kSelections; ++i) {
    ASSIGN_OR_RETURN(const uint16_t alg, reader.U16Le());
    ASSIGN_OR_RETURN(const uint8_t size, reader.U8());
    ASSIGN_OR_RETURN(const ByteView mask, reader.Take(4));
    RETURN_IF_ERROR(reader.Skip(1));  // padding of the structure
    if (i >= count) continue;
    const auto bank = static_cast<PcrBank>(alg);
    if (DigestSize(bank) == 0 || size > mask.size()) {
      return Malformed(absl::StrCat("PCR selection of bank ", alg, " with ", size, " bytes"));
    }
    for (PcrIndex index = 0; index < 8u * size; ++index) {
      if ((mask[index / 8] >> (index % 8)) & 1) out.push_back({bank, index});
    }
  }
  return out;
}

StatusOr<std::vector<Bytes>> ReadToolsDigests(Reader& reader) {
  ASSIGN_OR_RETURN(const uint32_t lists, reader.U32Le());
  if (lists > kMaxDigestLists) return Malformed("more than 64 lists of PCR values");
  std::vector<Bytes> out;
  for (uint32_t i = 0; i < lists; ++i) {
    ASSIGN_OR_RETURN(const uint32_t count, reader.U32Le());
    if (count > kDigestsPerList) return Malformed("more than 8 PCR values in one list");
    for (uint32_t j = 0; j < kDigestsPerList; ++j) {
      ASSIGN_OR_RETURN(const uint16_t size, reader.U16Le());
      ASSIGN_OR_RETURN(const ByteView buffer, reader.Take(kDigestBuffer));
      if (j >= count) continue;
      if (size > buffer.size()) return Malformed("a PCR value longer than 64 bytes");
      out.push_back(ToBytes(buffer.first(size)));
    }
  }
  RETURN_IF_ERROR(reader.ExpectEnd());
  return out;
}

}  // namespace

StatusOr<PcrBank> ParseBankName(std::string_view name) {
  for (PcrBank bank : {PcrBank::kSha1, PcrBank::kSha256, PcrBank::kSha384, PcrBank::kSha512}) {
    if (ToString(bank) == name) return bank;
  }
  return Malformed("PCR bank is not one of sha1, sha256, sha384, sha512");
}

StatusOr<PcrBankValues> ParsePcrJson(ByteView bytes) {
  if (bytes.size() > kMaxFile) return Malformed("a file of PCR values of more than 256 KiB");
  // Duplicate members would let two readers see two values.
  std::vector<std::vector<std::string>> open;
  bool twice = false;
  const json::parser_callback_t watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end && !open.empty()) open.pop_back();
    if (event == json::parse_event_t::key && !open.empty()) {
      const std::string key = value.get<std::string>();
      twice = twice || std::find(open.back().begin(), open.back().end(), key) != open.back().end();
      open.back().push_back(key);
    }
    return open.size() <= 4;
  };
  const json document = json::parse(bytes.begin(), bytes.end(), watch, /*allow_exceptions=*/false);
  if (!document.is_object() || twice || document.empty()) {
    return Malformed("PCR values: expected {\"sha256\":{\"0\":\"HEX\",…}}");
  }
  PcrBankValues out;
  for (const auto& [name, values] : document.items()) {
    ASSIGN_OR_RETURN(const PcrBank bank, ParseBankName(name));
    ASSIGN_OR_RETURN(out[bank], ReadBank(values, bank));
  }
  return out;
}

StatusOr<PcrBankValues> ParseToolsPcrs(ByteView bytes) {
  if (bytes.size() > kMaxFile) return Malformed("a file of PCR values of more than 256 KiB");
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const std::vector<Selected> selected, ReadToolsSelection(reader));
  ASSIGN_OR_RETURN(std::vector<Bytes> values, ReadToolsDigests(reader));
  if (values.size() != selected.size()) {
    return Malformed(
        absl::StrCat(values.size(), " PCR values for ", selected.size(), " selected PCRs"));
  }
  PcrBankValues out;
  for (size_t i = 0; i < selected.size(); ++i) {
    const auto [bank, index] = selected[i];
    if (values[i].size() != DigestSize(bank)) {
      return Malformed(absl::StrCat("the value of PCR ", index, " does not have its bank's size"));
    }
    if (!out[bank].emplace(index, std::move(values[i])).second) {
      return Malformed(absl::StrCat("PCR ", index, " is selected twice"));
    }
  }
  return out;
}

StatusOr<PcrBankValues> ParsePcrValues(ByteView bytes) {
  const bool is_json = !bytes.empty() && (bytes[0] == '{' || bytes[0] == ' ' || bytes[0] == '\n');
  return is_json ? ParsePcrJson(bytes) : ParseToolsPcrs(bytes);
}

}  // namespace kedge
