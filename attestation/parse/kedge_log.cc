#include "attestation/parse/kedge_log.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace kedge {
namespace {

using nlohmann::json;

constexpr uint8_t kRecordSeparator = 0x1E;
constexpr size_t kMaxRecords = 16;
constexpr size_t kMaxRecordSize = 4096;
constexpr std::string_view kContentType = "kedge";

std::optional<PcrBank> BankNamed(std::string_view name) {
  for (PcrBank bank : {PcrBank::kSha1, PcrBank::kSha256, PcrBank::kSha384, PcrBank::kSha512}) {
    if (ToString(bank) == name) return bank;
  }
  return std::nullopt;
}

const std::string* TextAt(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::optional<Bytes> HexAt(const json& object, const char* key) {
  const std::string* text = TextAt(object, key);
  return text == nullptr ? std::nullopt : FromHex(*text);
}

std::optional<std::map<PcrBank, Bytes>> ReadDigests(const json& record) {
  const auto list = record.find("digests");
  if (list == record.end() || !list->is_array()) return std::nullopt;
  std::map<PcrBank, Bytes> out;
  for (const json& entry : *list) {
    const std::string* name = TextAt(entry, "hashAlg");
    std::optional<Bytes> digest = HexAt(entry, "digest");
    const std::optional<PcrBank> bank = name == nullptr ? std::nullopt : BankNamed(*name);
    if (!bank || !digest || digest->size() != DigestSize(*bank)) return std::nullopt;
    if (!out.emplace(*bank, *std::move(digest)).second) return std::nullopt;
  }
  return out;
}

std::optional<KedgeLogRecord> ReadRecord(const json& record) {
  if (!record.is_object()) return std::nullopt;
  const auto pcr = record.find("pcr");
  if (pcr == record.end() || !pcr->is_number_unsigned() || pcr->get<uint64_t>() > 23) {
    return std::nullopt;
  }
  const auto content = record.find("content");
  if (content == record.end()) return std::nullopt;
  const std::string* label = TextAt(*content, "label");
  std::optional<Bytes> data = HexAt(*content, "data");
  std::optional<std::map<PcrBank, Bytes>> digests = ReadDigests(record);
  if (label == nullptr || !data || !digests) return std::nullopt;
  return KedgeLogRecord{{pcr->get<PcrIndex>(), *label, *std::move(data)}, *std::move(digests)};
}

// `bytes` is one whole record, from its separator to its line feed.
StatusOr<KedgeLogRecord> ParseRecord(ByteView bytes) {
  const Status bad =
      Malformed("a record of the measurement log is not in the form that Kedge writes");
  if (bytes.size() < 2 || bytes.size() > kMaxRecordSize) return bad;
  const ByteView text = bytes.subspan(1, bytes.size() - 2);
  const json parsed = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  const std::optional<KedgeLogRecord> record = ReadRecord(parsed);
  // One form for each record: unknown members, duplicates, other spacing are refused at once.
  if (!record || !Equal(EncodeKedgeLogRecord(*record), bytes)) return bad;
  return *record;
}

}  // namespace

KedgeLogRecord MakeKedgeLogRecord(const MeasuredEvent& event, std::span<const PcrBank> banks) {
  KedgeLogRecord record{event, {}};
  for (PcrBank bank : banks) record.digests[bank] = DigestInBank(bank, event.content);
  return record;
}

Bytes EncodeKedgeLogRecord(const KedgeLogRecord& record) {
  json digests = json::array();
  for (const auto& [bank, digest] : record.digests) {
    digests.push_back({{"hashAlg", std::string(ToString(bank))}, {"digest", ToHex(digest)}});
  }
  const json object = {
      {"pcr", record.event.pcr},
      {"digests", std::move(digests)},
      {"content_type", std::string(kContentType)},
      {"content", {{"label", record.event.label}, {"data", ToHex(record.event.content)}}}};
  Bytes out = {kRecordSeparator};
  const std::string text = object.dump(-1, ' ', true, json::error_handler_t::replace);
  out.insert(out.end(), text.begin(), text.end());
  out.push_back('\n');
  return out;
}

StatusOr<std::vector<KedgeLogRecord>> ParseKedgeLog(ByteView bytes) {
  if (bytes.size() > kMaxEventLogSize) {
    return Malformed(absl::StrCat("a measurement log of ", bytes.size(), " bytes, at most ",
                                  kMaxEventLogSize, " allowed"));
  }
  std::vector<KedgeLogRecord> records;
  size_t at = 0;
  while (at < bytes.size()) {
    if (records.size() == kMaxRecords)
      return Malformed("a measurement log of more than 16 records");
    const auto line_end = std::find(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.end(), '\n');
    if (bytes[at] != kRecordSeparator || line_end == bytes.end()) {
      return Malformed("a record of the measurement log does not begin with RS and end with LF");
    }
    const size_t end = static_cast<size_t>(line_end - bytes.begin()) + 1;
    ASSIGN_OR_RETURN(KedgeLogRecord record, ParseRecord(bytes.subspan(at, end - at)));
    records.push_back(std::move(record));
    at = end;
  }
  return records;
}

}  // namespace kedge
