#include "bootstrapper/core/node_state.h"

#include <absl/strings/str_cat.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace kedge {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 2;
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%SZ";  // RFC 3339 in UTC

Status Bad(std::string_view what) {
  return Malformed(absl::StrCat("node state: ", absl::string_view(what.data(), what.size()),
                                "; expected ", kNodeStateFormat));
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime(kTimeFormat, time, absl::UTCTimeZone());
}

// Takes fields out of the object, so that what is left at the end is unknown. The first error
// stays.
class Fields {
 public:
  explicit Fields(Json object) : object_(std::move(object)) {}

  std::string Text(const char* name) {
    const Json value = Take(name);
    if (value.is_string()) return value.get<std::string>();
    Fail(name);
    return "";
  }
  uint64_t Number(const char* name, uint64_t max) {
    const Json value = Take(name);
    if (value.is_number_unsigned() && value.get<uint64_t>() <= max) return value.get<uint64_t>();
    Fail(name);
    return 0;
  }
  bool Flag(const char* name) {
    const Json value = Take(name);
    if (value.is_boolean()) return value.get<bool>();
    Fail(name);
    return false;
  }
  Sha256Digest Digest(const char* name) {
    const auto bytes = FromHex(Text(name));
    const auto digest = bytes ? ToArray<32>(*bytes) : std::nullopt;
    if (digest) return *digest;
    Fail(name);
    return {};
  }
  Bytes Base64(const char* name) {
    auto bytes = FromBase64(Text(name));
    if (bytes) return *std::move(bytes);
    Fail(name);
    return {};
  }
  absl::Time Time(const char* name) {
    const std::string text = Text(name);
    absl::Time time;
    if (absl::ParseTime(kTimeFormat, text, &time, nullptr) && TimeText(time) == text) {
      return time;
    }
    Fail(name);
    return {};
  }

  Status Finish() const {
    RETURN_IF_ERROR(status_);
    if (!object_.empty()) return Bad(absl::StrCat("unknown field ", object_.begin().key()));
    return absl::OkStatus();
  }

 private:
  Json Take(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return Json();
    Json value = std::move(*found);
    object_.erase(found);
    return value;
  }
  void Fail(const char* name) {
    if (status_.ok()) status_ = Bad(absl::StrCat("field ", name, " is missing or malformed"));
  }

  Json object_;
  Status status_;
};

// An object of at most kMaxDepth levels; a doubled key is an error, not the last one's win.
StatusOr<Json> ParseObject(ByteView bytes) {
  std::set<std::string> keys;
  bool acceptable = true;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) acceptable = false;
    if (event == Json::parse_event_t::key && !keys.insert(parsed.get<std::string>()).second) {
      acceptable = false;
    }
    return acceptable;
  };
  Json json = Json::parse(bytes.begin(), bytes.end(), watch, /*allow_exceptions=*/false);
  if (!acceptable) return Bad("a doubled field or too many levels");
  if (!json.is_object()) return Bad("not a JSON object");
  return json;
}

}  // namespace

std::string EncodeNodeState(const NodeState& state) {
  const nlohmann::ordered_json json = {
      {"format", kNodeStateFormat},
      {"node", state.node},
      {"role", state.role},
      {"cluster_id", ToBase64(state.cluster_id)},
      {"service_key_spki", ToBase64(state.service_key_spki)},
      {"manifest_digest", ToHex(state.manifest_digest)},
      {"manifest_generation", state.manifest_generation},
      {"dek_generation", state.dek_generation},
      {"header_digest", ToHex(state.header_digest)},
      {"disk_reported", state.disk_reported},
      {"disk_counter", state.disk_counter},
      {"counter_acknowledged", state.counter_acknowledged},
      {"tpm_counter", state.tpm_counter},
      {"tpm_counter_behind", state.tpm_counter_behind},
      {"boot_id", state.boot_id},
      {"written_at", TimeText(state.written_at)},
      {"ca_certificate_pem", state.ca_certificate_pem},
      {"node_certificate_pem", state.node_certificate_pem},
  };
  // Text that is not UTF-8 (it never is, from protobuf) would otherwise throw.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

StatusOr<NodeState> ParseNodeState(ByteView bytes) {
  if (bytes.size() > kMaxNodeStateSize) return Bad("too large");
  ASSIGN_OR_RETURN(Json json, ParseObject(bytes));
  Fields fields(std::move(json));
  const std::string format = fields.Text("format");
  if (format != kNodeStateFormat && format != kNodeStateFormat1) return Bad("another format");
  NodeState state;
  state.node = fields.Text("node");
  state.role = fields.Text("role");
  state.cluster_id = fields.Base64("cluster_id");
  state.service_key_spki = fields.Base64("service_key_spki");
  state.manifest_digest = fields.Digest("manifest_digest");
  state.manifest_generation =
      fields.Number("manifest_generation", std::numeric_limits<uint64_t>::max());
  state.dek_generation =
      static_cast<uint32_t>(fields.Number("dek_generation", std::numeric_limits<uint32_t>::max()));
  state.header_digest = fields.Digest("header_digest");
  state.disk_reported = fields.Flag("disk_reported");
  if (format == kNodeStateFormat) {
    state.disk_counter = fields.Number("disk_counter", std::numeric_limits<uint64_t>::max());
    state.counter_acknowledged = fields.Flag("counter_acknowledged");
    state.tpm_counter = fields.Number("tpm_counter", std::numeric_limits<uint64_t>::max());
    state.tpm_counter_behind = fields.Flag("tpm_counter_behind");
  }
  state.boot_id = fields.Text("boot_id");
  state.written_at = fields.Time("written_at");
  state.ca_certificate_pem = fields.Text("ca_certificate_pem");
  state.node_certificate_pem = fields.Text("node_certificate_pem");
  RETURN_IF_ERROR(fields.Finish());
  return state;
}

}  // namespace kedge
