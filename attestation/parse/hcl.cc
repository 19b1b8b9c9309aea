#include "attestation/parse/hcl.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/reader.h"

namespace kedge {
namespace {

using nlohmann::json;

constexpr size_t kMaxReport = 32 * 1024;
constexpr size_t kHeaderSize = 32;
constexpr size_t kDataHeaderSize = 20;
constexpr uint32_t kSha256 = 1;
constexpr size_t kMaxKeys = 16;
constexpr size_t kMaxModulus = 512;

bool IsZero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

// base64url without padding (RFC 7515 appendix C).
std::optional<Bytes> FromBase64Url(std::string text) {
  if (text.find_first_of("+/=") != std::string::npos) return std::nullopt;
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return FromBase64(text);
}

const std::string* TextAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::optional<bool> FlagAt(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

// A JWK (RFC 7517) with an RSA key (RFC 7518 section 6.3).
StatusOr<HclRsaKey> ReadKey(const json& jwk) {
  const Status bad = Malformed("a key of the runtime data is not an RSA key in JWK form");
  if (!jwk.is_object()) return bad;
  const std::string* id = TextAt(jwk, "kid");
  const std::string* type = TextAt(jwk, "kty");
  const std::string* modulus = TextAt(jwk, "n");
  const std::string* exponent = TextAt(jwk, "e");
  if (id == nullptr || type == nullptr || *type != "RSA" || modulus == nullptr ||
      exponent == nullptr) {
    return bad;
  }
  HclRsaKey key;
  key.id = *id;
  std::optional<Bytes> n = FromBase64Url(*modulus);
  const std::optional<Bytes> e = FromBase64Url(*exponent);
  if (!n || !e || n->empty() || n->size() > kMaxModulus || e->empty() || e->size() > 4) return bad;
  key.modulus = *std::move(n);
  for (uint8_t byte : *e) key.exponent = (key.exponent << 8) | byte;
  const auto operations = jwk.find("key_ops");
  if (operations != jwk.end() && operations->is_array()) {
    for (const json& operation : *operations) {
      if (const auto* text = operation.get_ptr<const std::string*>()) {
        key.operations.push_back(*text);
      }
    }
  }
  return key;
}

void ReadConfiguration(const json& document, HclRuntimeData& out) {
  const auto found = document.find("vm-configuration");
  if (found == document.end() || !found->is_object()) return;
  out.console_enabled = FlagAt(*found, "console-enabled");
  out.secure_boot = FlagAt(*found, "secure-boot");
  out.tpm_enabled = FlagAt(*found, "tpm-enabled");
  if (const std::string* id = TextAt(*found, "vmUniqueId")) out.vm_id = *id;
}

}  // namespace

StatusOr<HclReport> ParseHclReport(ByteView bytes) {
  if (bytes.size() > kMaxReport) return Malformed("an HCL report of more than 32 KiB");
  Reader reader(bytes);
  HclReport out;
  ASSIGN_OR_RETURN(const ByteView magic, reader.Take(4));
  if (AsText(magic) != "HCLA") return Malformed("not an HCL report: expected \"HCLA\" in front");
  ASSIGN_OR_RETURN(out.version, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t size, reader.U32Le());
  ASSIGN_OR_RETURN(out.request_type, reader.U32Le());
  ASSIGN_OR_RETURN(out.status, reader.U32Le());
  ASSIGN_OR_RETURN(const ByteView reserved, reader.Take(12));
  if (!IsZero(reserved)) return Malformed("reserved bytes of the HCL header that are not zero");
  ASSIGN_OR_RETURN(out.hardware_report, reader.Take(kHclHardwareReportSize));
  ASSIGN_OR_RETURN(const uint32_t data_size, reader.U32Le());
  ASSIGN_OR_RETURN(out.data_version, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t type, reader.U32Le());
  ASSIGN_OR_RETURN(out.hash_type, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t variable_size, reader.U32Le());
  if (out.version != 1 && out.version != 2) {
    return Malformed(absl::StrCat("HCL report version ", out.version, ", expected 1 or 2"));
  }
  if (variable_size > reader.remaining() || data_size != kDataHeaderSize + variable_size ||
      size != kHeaderSize + kHclHardwareReportSize + data_size) {
    return Malformed(absl::StrCat("an HCL report of ", size, " bytes with ", data_size,
                                  " bytes of runtime data, ", variable_size, " of them JSON"));
  }
  if (out.hash_type != kSha256) {
    return Malformed(absl::StrCat("runtime data hash type ", out.hash_type, ", expected 1"));
  }
  out.report_type = static_cast<HclReportType>(type);
  if (out.report_type != HclReportType::kSnp && out.report_type != HclReportType::kTdx) {
    return Malformed(absl::StrCat("hardware report type ", type, ", expected 2 or 4"));
  }
  if (out.report_type == HclReportType::kTdx) {
    if (!IsZero(out.hardware_report.subspan(kTdReportSize))) {
      return Malformed("bytes behind the TDREPORT that are not zero");
    }
    out.hardware_report = out.hardware_report.first(kTdReportSize);
  }
  ASSIGN_OR_RETURN(out.variable_data, reader.Take(variable_size));
  out.padding = reader.remaining();
  ASSIGN_OR_RETURN(const ByteView rest, reader.Take(out.padding));
  if (!IsZero(rest)) return Malformed("bytes behind the runtime data that are not zero");
  return out;
}

const HclRsaKey* HclRuntimeData::FindKey(std::string_view id) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const HclRsaKey& key) { return key.id == id; });
  return found == keys.end() ? nullptr : &*found;
}

StatusOr<HclRuntimeData> ParseHclRuntimeData(ByteView bytes) {
  if (bytes.size() > kMaxReport) return Malformed("runtime data of more than 32 KiB");
  const json document = json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!document.is_object()) return Malformed("the runtime data are not a JSON object");
  const auto keys = document.find("keys");
  if (keys == document.end() || !keys->is_array() || keys->size() > kMaxKeys) {
    return Malformed("the runtime data have no list of at most 16 keys");
  }
  HclRuntimeData out;
  for (const json& jwk : *keys) {
    ASSIGN_OR_RETURN(HclRsaKey key, ReadKey(jwk));
    if (out.FindKey(key.id) != nullptr) return Malformed("a key id appears twice");
    out.keys.push_back(std::move(key));
  }
  ReadConfiguration(document, out);
  if (const std::string* text = TextAt(document, "user-data")) {
    std::optional<Bytes> user_data = FromHex(*text);
    if (!user_data) return Malformed("user-data of the runtime data is not hexadecimal");
    out.user_data = *std::move(user_data);
  }
  return out;
}

StatusOr<TdReport> ParseTdReport(ByteView bytes) {
  constexpr uint8_t kTypeTdx = 0x81;
  constexpr size_t kReportData = 128;
  constexpr size_t kTdInfo = 512;
  constexpr size_t kTdInfoFields = 448;
  if (bytes.size() != kTdReportSize || bytes[0] != kTypeTdx) {
    return Malformed("not a TDREPORT: expected 1,024 bytes of type 81h");
  }
  return TdReport{bytes.subspan(kReportData, 64), bytes.subspan(kTdInfo, kTdInfoFields)};
}

}  // namespace kedge
