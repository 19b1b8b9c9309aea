#include "attestation/parse/intel_collateral.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <set>
#include <utility>

#include "attestation/parse/signed_json.h"

namespace kedge {
namespace {

using nlohmann::json;

constexpr size_t kMaxLevels = 256;
constexpr size_t kMaxIdentities = 64;
constexpr size_t kMaxAdvisories = 256;
constexpr size_t kMaxText = 128;

constexpr std::pair<TcbStatus, std::string_view> kStatusNames[] = {
    {TcbStatus::kUpToDate, "UpToDate"},
    {TcbStatus::kSwHardeningNeeded, "SWHardeningNeeded"},
    {TcbStatus::kConfigurationNeeded, "ConfigurationNeeded"},
    {TcbStatus::kConfigurationAndSwHardeningNeeded, "ConfigurationAndSWHardeningNeeded"},
    {TcbStatus::kRelaunchAdvised, "RelaunchAdvised"},
    {TcbStatus::kRelaunchAdvisedConfigurationNeeded, "RelaunchAdvisedConfigurationNeeded"},
    {TcbStatus::kOutOfDate, "OutOfDate"},
    {TcbStatus::kOutOfDateConfigurationNeeded, "OutOfDateConfigurationNeeded"},
    {TcbStatus::kNotSupported, "NotSupported"},
    {TcbStatus::kRevoked, "Revoked"},
};

// Reads the members of one object; remembers the first problem, so that a document reads like its
// schema.
class Object {
 public:
  Object(const json& object, std::string_view path) : object_(object), path_(path) {
    if (!object_.is_object()) Fail("", "is not an object");
  }

  const json* Find(const char* name) {
    const auto found = object_.is_object() ? object_.find(name) : object_.end();
    return found == object_.end() ? nullptr : &*found;
  }
  const json& Get(const char* name) {
    static const json kNothing;
    const json* found = Find(name);
    if (found == nullptr) Fail(name, "is missing");
    return found == nullptr ? kNothing : *found;
  }
  std::string Text(const char* name) {
    const std::string* text = Get(name).get_ptr<const std::string*>();
    if (text == nullptr || text->size() > kMaxText) {
      Fail(name, "is not a short text");
      return "";
    }
    return *text;
  }
  template <typename T>
  T Number(const char* name) {
    const json& value = Get(name);
    if (!value.is_number_unsigned() || value.get<uint64_t>() > std::numeric_limits<T>::max()) {
      Fail(name, "is not a number in its range");
      return 0;
    }
    return static_cast<T>(value.get<uint64_t>());
  }
  template <size_t N>
  ByteArray<N> Hex(const char* name) {
    const auto bytes = FromHex(Text(name));
    const auto array = ToArray<N>(bytes.value_or(Bytes()));
    if (!array) Fail(name, absl::StrCat("is not ", 2 * N, " hexadecimal digits"));
    return array.value_or(ByteArray<N>());
  }
  absl::Time Time(const char* name) {
    absl::Time time;
    const std::string text = Text(name);
    // The one form that Intel writes: seconds, no fraction, UTC.
    if (text.size() != 20 || text.back() != 'Z' ||
        !absl::ParseTime("%Y-%m-%d%ET%H:%M:%SZ", text, &time, nullptr)) {
      Fail(name, "is not a time like 2025-06-19T10:16:03Z");
    }
    return time;
  }
  const json::array_t& List(const char* name, size_t max) {
    static const json::array_t kEmpty;
    const auto* list = Get(name).get_ptr<const json::array_t*>();
    if (list == nullptr || list->size() > max) {
      Fail(name, absl::StrCat("is not a list of at most ", max));
      return kEmpty;
    }
    return *list;
  }

  void Fail(std::string_view name, std::string_view problem) {
    if (status_.ok()) {
      status_ = Malformed(absl::StrCat(path_, name.empty() ? "" : ".", std::string(name), " ",
                                       std::string(problem)));
    }
  }
  void Keep(const Status& status) {
    if (status_.ok()) status_ = status;
  }
  const Status& status() const { return status_; }
  const std::string& path() const { return path_; }

 private:
  const json& object_;
  const std::string path_;
  Status status_;
};

TcbStatus ReadStatus(Object& object) {
  const std::string name = object.Text("tcbStatus");
  const std::optional<TcbStatus> status = TcbStatusNamed(name);
  // These three are conclusions, not statements of Intel.
  if (!status || *status == TcbStatus::kNotSupported || *status == TcbStatus::kRelaunchAdvised ||
      *status == TcbStatus::kRelaunchAdvisedConfigurationNeeded) {
    object.Fail("tcbStatus", absl::StrCat("is '", name, "', no status of a TCB level"));
    return TcbStatus::kNotSupported;
  }
  return *status;
}

std::vector<std::string> ReadAdvisories(Object& object) {
  std::vector<std::string> out;
  if (object.Find("advisoryIDs") == nullptr) return out;
  for (const json& entry : object.List("advisoryIDs", kMaxAdvisories)) {
    const std::string* text = entry.get_ptr<const std::string*>();
    if (text == nullptr || text->empty() || text->size() > kMaxText) {
      object.Fail("advisoryIDs", "has an entry that is not a short text");
      break;
    }
    out.push_back(*text);
  }
  return out;
}

TcbComponents ReadComponents(Object& tcb, const char* name) {
  TcbComponents out;
  const json::array_t& list = tcb.List(name, out.svns.size());
  if (list.size() != out.svns.size()) {
    tcb.Fail(name, "has not 16 components");
    return out;
  }
  for (size_t i = 0; i < list.size(); ++i) {
    Object component(list[i], name);
    out.svns[i] = component.Number<uint8_t>("svn");
    for (const char* part : {"category", "type"}) {
      if (component.Find(part) == nullptr) continue;
      absl::StrAppend(&out.names[i], out.names[i].empty() ? "" : ", ", component.Text(part));
    }
    tcb.Keep(component.status());
  }
  return out;
}

std::vector<IsvTcbLevel> ReadIsvLevels(Object& parent) {
  std::vector<IsvTcbLevel> out;
  for (const json& entry : parent.List("tcbLevels", kMaxLevels)) {
    Object level(entry, absl::StrCat(parent.path(), ".tcbLevels[", out.size(), "]"));
    Object tcb(level.Get("tcb"), level.path() + ".tcb");
    out.push_back({tcb.Number<uint16_t>("isvsvn"), level.Time("tcbDate"), ReadStatus(level),
                   ReadAdvisories(level)});
    parent.Keep(tcb.status());
    parent.Keep(level.status());
  }
  if (out.empty()) parent.Fail("tcbLevels", "is empty");
  return out;
}

TdxModule ReadModule(Object& object) {
  return {object.Hex<48>("mrsigner"), object.Hex<8>("attributes"), object.Hex<8>("attributesMask")};
}

// "TDX_" and two hexadecimal digits: the module's major version.
std::optional<uint8_t> VersionOf(std::string_view id) {
  constexpr std::string_view kPrefix = "TDX_";
  if (!id.starts_with(kPrefix)) return std::nullopt;
  const auto bytes = FromHex(id.substr(kPrefix.size()));
  if (!bytes || bytes->size() != 1) return std::nullopt;
  return (*bytes)[0];
}

std::vector<TdxModuleIdentity> ReadIdentities(Object& info) {
  std::vector<TdxModuleIdentity> out;
  if (info.Find("tdxModuleIdentities") == nullptr) return out;
  std::set<uint8_t> versions;
  for (const json& entry : info.List("tdxModuleIdentities", kMaxIdentities)) {
    Object object(entry, absl::StrCat("tcbInfo.tdxModuleIdentities[", out.size(), "]"));
    TdxModuleIdentity identity;
    identity.id = object.Text("id");
    const std::optional<uint8_t> version = VersionOf(identity.id);
    if (!version || !versions.insert(*version).second) {
      object.Fail("id", absl::StrCat("'", identity.id, "' is no module version, or there twice"));
    }
    identity.version = version.value_or(0);
    identity.module = ReadModule(object);
    identity.levels = ReadIsvLevels(object);
    info.Keep(object.status());
    out.push_back(std::move(identity));
  }
  return out;
}

std::vector<TcbLevel> ReadLevels(Object& info, bool tdx) {
  std::vector<TcbLevel> out;
  for (const json& entry : info.List("tcbLevels", kMaxLevels)) {
    Object level(entry, absl::StrCat("tcbInfo.tcbLevels[", out.size(), "]"));
    Object tcb(level.Get("tcb"), level.path() + ".tcb");
    TcbLevel read;
    read.sgx = ReadComponents(tcb, "sgxtcbcomponents");
    read.pce_svn = tcb.Number<uint16_t>("pcesvn");
    if (tdx) read.tdx = ReadComponents(tcb, "tdxtcbcomponents");
    read.date = level.Time("tcbDate");
    read.status = ReadStatus(level);
    read.advisory_ids = ReadAdvisories(level);
    info.Keep(tcb.status());
    info.Keep(level.status());
    out.push_back(std::move(read));
  }
  if (out.empty()) info.Fail("tcbLevels", "is empty");
  return out;
}

StatusOr<TcbInfo> ReadTcbInfo(const json& tree) {
  Object info(tree, "tcbInfo");
  TcbInfo out;
  out.id = info.Text("id");
  out.version = info.Number<uint32_t>("version");
  RETURN_IF_ERROR(info.status());
  // Another version has another schema; SGX's own documents share this one, without TDX parts.
  if (out.version != 3 || (out.id != "TDX" && out.id != "SGX")) {
    return Malformed(absl::StrCat("tcbInfo ", out.id, " version ", out.version,
                                  ": this verifier knows TDX and SGX of version 3"));
  }
  const bool tdx = out.id == "TDX";
  out.issue_date = info.Time("issueDate");
  out.next_update = info.Time("nextUpdate");
  out.fmspc = info.Hex<6>("fmspc");
  out.pce_id = info.Hex<2>("pceId");
  out.tcb_type = info.Number<uint32_t>("tcbType");
  out.tcb_evaluation_data_number = info.Number<uint32_t>("tcbEvaluationDataNumber");
  if (tdx) {
    Object module(info.Get("tdxModule"), "tcbInfo.tdxModule");
    out.module = ReadModule(module);
    info.Keep(module.status());
    out.module_identities = ReadIdentities(info);
  }
  out.levels = ReadLevels(info, tdx);
  RETURN_IF_ERROR(info.status());
  return out;
}

StatusOr<QeIdentity> ReadQeIdentity(const json& tree) {
  Object identity(tree, "enclaveIdentity");
  QeIdentity out;
  out.id = identity.Text("id");
  out.version = identity.Number<uint32_t>("version");
  RETURN_IF_ERROR(identity.status());
  if (out.version != 2) {
    return Malformed(absl::StrCat("enclaveIdentity version ", out.version, ", expected 2"));
  }
  out.issue_date = identity.Time("issueDate");
  out.next_update = identity.Time("nextUpdate");
  out.tcb_evaluation_data_number = identity.Number<uint32_t>("tcbEvaluationDataNumber");
  out.misc_select = identity.Hex<4>("miscselect");
  out.misc_select_mask = identity.Hex<4>("miscselectMask");
  out.attributes = identity.Hex<16>("attributes");
  out.attributes_mask = identity.Hex<16>("attributesMask");
  out.mr_signer = identity.Hex<32>("mrsigner");
  out.isv_prod_id = identity.Number<uint16_t>("isvprodid");
  out.levels = ReadIsvLevels(identity);
  RETURN_IF_ERROR(identity.status());
  return out;
}

Status CheckSize(ByteView document, std::string_view what) {
  if (document.size() <= kMaxIntelCollateral) return absl::OkStatus();
  return Malformed(absl::StrCat(std::string(what), ": ", document.size(), " bytes, at most ",
                                kMaxIntelCollateral));
}

}  // namespace

std::string_view ToString(TcbStatus status) {
  for (const auto& [value, name] : kStatusNames) {
    if (value == status) return name;
  }
  return "NotSupported";
}

std::optional<TcbStatus> TcbStatusNamed(std::string_view name) {
  for (const auto& [value, text] : kStatusNames) {
    if (text == name) return value;
  }
  return std::nullopt;
}

StatusOr<IntelSigned<TcbInfo>> ParseTcbInfo(ByteView document) {
  RETURN_IF_ERROR(CheckSize(document, "TCB info"));
  ASSIGN_OR_RETURN(const SignedJson parsed, ParseSignedJson(document, "tcbInfo", "TCB info"));
  ASSIGN_OR_RETURN(TcbInfo content, ReadTcbInfo(parsed.member));
  return IntelSigned<TcbInfo>{std::move(content), ToBytes(parsed.member_text), parsed.signature};
}

StatusOr<IntelSigned<QeIdentity>> ParseQeIdentity(ByteView document) {
  RETURN_IF_ERROR(CheckSize(document, "QE identity"));
  ASSIGN_OR_RETURN(const SignedJson parsed,
                   ParseSignedJson(document, "enclaveIdentity", "QE identity"));
  ASSIGN_OR_RETURN(QeIdentity content, ReadQeIdentity(parsed.member));
  return IntelSigned<QeIdentity>{std::move(content), ToBytes(parsed.member_text), parsed.signature};
}

}  // namespace kedge
