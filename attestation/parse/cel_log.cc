#include "attestation/parse/cel_log.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "attestation/parse/pcr_values.h"
#include "attestation/parse/printable.h"

namespace kedge {
namespace {

using nlohmann::json;

constexpr uint8_t kRecordSeparator = 0x1E;
constexpr size_t kMaxLog = 1024 * 1024;
constexpr size_t kMaxRecords = 4096;
constexpr size_t kMaxRecord = 16 * 1024;

std::string TextAt(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  const auto* text = found == object.end() ? nullptr : found->get_ptr<const std::string*>();
  return text == nullptr ? "" : *text;
}

StatusOr<std::map<PcrBank, Bytes>> ReadDigests(const json& record) {
  const auto list = record.find("digests");
  if (list == record.end() || !list->is_array() || list->empty() || list->size() > 8) {
    return Malformed("a record without a list of at most 8 digests");
  }
  std::map<PcrBank, Bytes> out;
  for (const json& entry : *list) {
    const StatusOr<PcrBank> bank = ParseBankName(TextAt(entry, "hashAlg"));
    if (!bank.ok()) continue;  // of an algorithm that has no bank here
    std::optional<Bytes> digest = FromHex(TextAt(entry, "digest"));
    if (!digest || digest->size() != DigestSize(*bank)) {
      return Malformed("a digest that does not have the size of its algorithm");
    }
    if (!out.emplace(*bank, *std::move(digest)).second) {
      return Malformed("a record with two digests of one algorithm");
    }
  }
  return out;
}

void ReadContent(const json& record, CelRecord& out) {
  const auto content = record.find("content");
  if (content == record.end()) return;
  if (out.content_type == "systemd") {
    const std::string text = TextAt(*content, "string");
    out.kind = PrintableAscii(AsBytes(TextAt(*content, "eventType")));
    out.text = PrintableAscii(AsBytes(text));
    out.content = ToBytes(text);
  } else if (out.content_type == "kedge") {
    out.kind = PrintableAscii(AsBytes(TextAt(*content, "label")));
    out.content = FromHex(TextAt(*content, "data")).value_or(Bytes());
    out.text = PrintableAscii(out.content);
  } else {
    const std::string text = content->dump(-1, ' ', true, json::error_handler_t::replace);
    out.text = PrintableAscii(AsBytes(text));
  }
}

StatusOr<CelRecord> ParseRecord(ByteView text) {
  if (text.size() > kMaxRecord) return Malformed("a record of more than 16 KiB");
  const json record = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return Malformed("a record that is not a JSON object");
  const auto pcr = record.find("pcr");
  if (pcr == record.end() || !pcr->is_number_unsigned() || pcr->get<uint64_t>() > 23) {
    return Malformed("a record whose PCR is not a number from 0 to 23");
  }
  CelRecord out;
  out.pcr = pcr->get<PcrIndex>();
  ASSIGN_OR_RETURN(out.digests, ReadDigests(record));
  out.content_type = PrintableAscii(AsBytes(TextAt(record, "content_type")));
  ReadContent(record, out);
  return out;
}

}  // namespace

bool LooksLikeCelLog(ByteView bytes) { return !bytes.empty() && bytes[0] == kRecordSeparator; }

StatusOr<std::vector<CelRecord>> ParseCelLog(ByteView bytes) {
  if (bytes.size() > kMaxLog) return Malformed("a measurement log of more than 1 MiB");
  std::vector<CelRecord> out;
  while (!bytes.empty()) {
    if (bytes[0] != kRecordSeparator) return Malformed("a record that does not begin with RS");
    if (out.size() == kMaxRecords) return Malformed("a log of more than 4096 records");
    const auto next = std::find(bytes.begin() + 1, bytes.end(), kRecordSeparator);
    const auto size = static_cast<size_t>(next - bytes.begin());
    ASSIGN_OR_RETURN(CelRecord record, ParseRecord(bytes.subspan(1, size - 1)));
    out.push_back(std::move(record));
    bytes = bytes.subspan(size);
  }
  return out;
}

}  // namespace kedge
