#include "attestation/parse/event_data.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "attestation/parse/printable.h"
#include "attestation/parse/uefi.h"
#include "base/reader.h"
#include "crypto/digest.h"

namespace kedge {
namespace {

constexpr size_t kMaxFields = 1024;
constexpr size_t kShownBytes = 32;

// Tags that boot loaders write (systemd src/fundamental/tpm-pcr.h style ids; Linux EFI stub
// drivers/firmware/efi/libstub/efistub.h).
constexpr std::pair<uint32_t, std::string_view> kTags[] = {
    {0x8F3B22EC, "initrd"},
    {0x8F3B22ED, "kernel load options"},
    {0xF5BC582A, "systemd-boot loader.conf"},
    {0x6C46F751, "devicetree add-on"},
    {0x49DFFE0F, "initrd add-on"},
    {0xDAC08E1A, "microcode add-on"},
    {0x4141454C, "attestation-agent event log"}};

EventDescription Text(std::string summary) { return {std::move(summary), {}}; }

EventDescription Undecoded(ByteView data) {
  const std::string text = PrintableText(data);
  const bool readable = text.find("\\x") == std::string::npos &&
                        text.find("\\u") == std::string::npos && !text.empty();
  return Text(readable ? text : ShortHex(data, kShownBytes));
}

void AddSignatures(const std::vector<UefiSignature>& signatures, EventDescription& out) {
  for (const UefiSignature& signature : signatures) {
    if (out.fields.size() == kMaxFields) {
      out.fields.back() = {"more", absl::StrCat(signatures.size(), " signatures in all")};
      return;
    }
    // A certificate is named by its SHA-256, a hash is shown itself.
    const std::string value = signature.type == "x509"
                                  ? "certificate sha256:" + ToHex(Sha256(signature.data))
                                  : signature.type + ":" + ToHex(signature.data);
    out.fields.push_back({"signature", value + " owner " + signature.owner});
  }
}

bool IsSignatureDatabase(const UefiVariable& variable) {
  if (variable.guid == kGlobalVariableGuid) return variable.name == "PK" || variable.name == "KEK";
  return variable.guid == kImageSecurityGuid && (variable.name == "db" || variable.name == "dbx" ||
                                                 variable.name == "dbt" || variable.name == "dbr");
}

bool IsBootOption(const UefiVariable& variable) {
  return variable.guid == kGlobalVariableGuid && variable.name.size() == 8 &&
         (variable.name.starts_with("Boot") || variable.name.starts_with("Driv")) &&
         variable.name.find_first_not_of("0123456789ABCDEFabcdef", 4) == std::string::npos;
}

std::string OrderText(ByteView data) {
  std::string out;
  for (size_t i = 0; i + 1 < data.size() && i < 2 * kMaxFields; i += 2) {
    const uint32_t number = data[i] | (static_cast<uint32_t>(data[i + 1]) << 8);
    absl::StrAppend(&out, out.empty() ? "" : ",", absl::Hex(number, absl::kZeroPad4));
  }
  return out;
}

EventDescription BootOption(const UefiVariable& variable) {
  const StatusOr<UefiLoadOption> option = ParseLoadOption(variable.data);
  if (!option.ok()) return Text(variable.name + " (not a load option)");
  EventDescription out = Text(absl::StrCat(variable.name, ": \"", option->description, "\" ",
                                           option->path, option->active ? "" : " (inactive)"));
  out.fields = {{"description", option->description}, {"path", option->path}};
  if (!option->optional_data.empty()) {
    out.fields.push_back({"optional_data", ShortHex(option->optional_data, 256)});
  }
  return out;
}

EventDescription Signatures(const UefiVariable& variable) {
  if (variable.data.empty()) return Text(variable.name + ": empty");
  const StatusOr<std::vector<UefiSignature>> lists = ParseSignatureLists(variable.data);
  if (!lists.ok()) {
    const StatusOr<UefiSignature> one = ParseSignatureData(variable.data);
    if (!one.ok()) return Text(variable.name + " (not a signature database)");
    EventDescription out = Text(variable.name + ": certificate sha256:" + ToHex(Sha256(one->data)));
    AddSignatures({*one}, out);
    return out;
  }
  size_t certificates = 0;
  for (const UefiSignature& signature : *lists) certificates += signature.type == "x509" ? 1 : 0;
  EventDescription out = Text(absl::StrCat(variable.name, ": ", certificates, " certificates, ",
                                           lists->size() - certificates, " hashes"));
  AddSignatures(*lists, out);
  return out;
}

EventDescription Variable(ByteView data) {
  const StatusOr<UefiVariable> variable = ParseUefiVariable(data);
  if (!variable.ok()) return Undecoded(data);
  EventDescription out;
  if (IsSignatureDatabase(*variable)) {
    out = Signatures(*variable);
  } else if (IsBootOption(*variable)) {
    out = BootOption(*variable);
  } else if (variable->guid == kGlobalVariableGuid && variable->name == "SecureBoot") {
    const bool on = variable->data.size() == 1 && variable->data[0] == 1;
    const bool off = variable->data.empty() || (variable->data.size() == 1 && !variable->data[0]);
    out = Text(std::string("SecureBoot: ") + (on ? "enabled" : off ? "disabled" : "unknown"));
  } else if (variable->name == "BootOrder" || variable->name == "DriverOrder") {
    out = Text(variable->name + ": " + OrderText(variable->data));
  } else if (variable->guid == kShimLockGuid && variable->name == "SbatLevel") {
    out = Text("SbatLevel: " + PrintableAscii(variable->data));
  } else if (const StatusOr<UefiSignature> one = ParseSignatureData(variable->data); one.ok()) {
    out = Text(variable->name + ": certificate sha256:" + ToHex(Sha256(one->data)));
    AddSignatures({*one}, out);
  } else {
    out = Text(absl::StrCat(variable->name, ": ", ShortHex(variable->data, kShownBytes)));
  }
  out.fields.insert(out.fields.begin(), {{"variable", variable->name}, {"vendor", variable->guid}});
  return out;
}

EventDescription ImageLoad(ByteView data) {
  const StatusOr<UefiImageLoad> image = ParseImageLoad(data);
  if (!image.ok()) return Undecoded(data);
  const std::string path = image->path.empty() ? "(no path)" : image->path;
  return {path,
          {{"path", image->path},
           {"size", absl::StrCat(image->length)},
           {"address", absl::StrCat("0x", absl::Hex(image->address))}}};
}

EventDescription Gpt(ByteView data) {
  const StatusOr<GptTable> table = ParseGptEvent(data);
  if (!table.ok()) return Undecoded(data);
  EventDescription out =
      Text(absl::StrCat("disk ", table->disk, ", ", table->partitions.size(), " partitions"));
  out.fields.push_back({"disk", table->disk});
  for (const GptPartition& partition : table->partitions) {
    out.fields.push_back(
        {"partition", absl::StrCat(partition.id, " type ", partition.type, " sectors ",
                                   partition.first_sector, "-", partition.last_sector,
                                   partition.name.empty() ? "" : " \"" + partition.name + "\"")});
  }
  return out;
}

EventDescription FirmwareBlob(ByteView data, bool described) {
  Reader reader(data);
  std::string name;
  if (described) {
    const StatusOr<uint8_t> size = reader.U8();
    const StatusOr<ByteView> text =
        size.ok() ? reader.Take(*size) : StatusOr<ByteView>(size.status());
    if (!text.ok()) return Undecoded(data);
    name = PrintableAscii(*text);
  }
  const StatusOr<uint64_t> base = reader.U64Le();
  const StatusOr<uint64_t> size = reader.U64Le();
  if (!base.ok() || !size.ok() || !reader.empty()) return Undecoded(data);
  return Text(absl::StrCat(name, name.empty() ? "" : " ", *size, " bytes at 0x", absl::Hex(*base)));
}

EventDescription HandoffTables(ByteView data, bool described) {
  Reader reader(data);
  EventDescription out;
  if (described) {
    const StatusOr<uint8_t> size = reader.U8();
    const StatusOr<ByteView> text =
        size.ok() ? reader.Take(*size) : StatusOr<ByteView>(size.status());
    if (!text.ok()) return Undecoded(data);
    out.summary = PrintableAscii(*text) + " ";
  }
  const StatusOr<uint64_t> count = reader.U64Le();
  if (!count.ok() || *count > kMaxFields || *count * (kGuidSize + 8) != reader.remaining()) {
    return Undecoded(data);
  }
  absl::StrAppend(&out.summary, *count, " tables");
  for (uint64_t i = 0; i < *count; ++i) {
    const StatusOr<ByteView> guid = reader.Take(kGuidSize);
    if (!guid.ok() || !reader.Skip(8).ok()) return Undecoded(data);
    out.fields.push_back({"table", GuidText(*guid)});
  }
  return out;
}

EventDescription Tagged(ByteView data) {
  const StatusOr<TaggedEvent> tagged = ParseTaggedEvent(data);
  if (!tagged.ok()) return Undecoded(data);
  std::string name = absl::StrCat("tag 0x", absl::Hex(tagged->id, absl::kZeroPad8));
  for (const auto& [id, known] : kTags) {
    if (id == tagged->id) name = std::string(known);
  }
  const std::string text = PrintableText(tagged->data);
  return {name + ": " + text, {{"tag", name}, {"text", text}}};
}

EventDescription NoAction(ByteView data) {
  const std::string_view text = AsText(data);
  constexpr std::string_view kLocality("StartupLocality\0", 16);
  if (text.starts_with(kLocality) && data.size() == kLocality.size() + 1) {
    return Text(absl::StrCat("StartupLocality ", data.back()));
  }
  if (text.starts_with("SP800-155 Event")) {
    return Text("reference manifest: " + std::string(text.substr(0, text.find('\0'))));
  }
  if (text.starts_with("Spec ID Event")) return Text(PrintableAscii(data.first(15)));
  return Undecoded(data);
}

EventDescription Separator(ByteView data) {
  if (data.size() == 4) {
    const std::string hex = ToHex(data);
    if (hex == "00000000" || hex == "ffffffff") return Text("boundary");
    return Text("ERROR " + hex);
  }
  return Undecoded(data);
}

EventDescription CrtmVersion(ByteView data) {
  if (LooksLikeUtf16(data)) return Text(PrintableUtf16(data));
  if (data.size() == kGuidSize) return Text(GuidText(data));
  return Undecoded(data);
}

}  // namespace

StatusOr<TaggedEvent> ParseTaggedEvent(ByteView bytes) {
  Reader reader(bytes);
  TaggedEvent out;
  ASSIGN_OR_RETURN(out.id, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t size, reader.U32Le());
  ASSIGN_OR_RETURN(out.data, reader.Take(size));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return out;
}

std::string IplText(const FirmwareEvent& event) {
  return event.type == kEvIpl ? PrintableText(event.data) : std::string();
}

EventDescription DescribeEvent(const FirmwareEvent& event) {
  const ByteView data(event.data);
  switch (event.type) {
    case kEvNoAction:
      return NoAction(data);
    case kEvSeparator:
      return Separator(data);
    case kEvEventTag:
      return Tagged(data);
    case kEvSCrtmVersion:
      return CrtmVersion(data);
    case kEvIpl: {
      std::string text = IplText(event);
      return {text, {{"text", text}}};
    }
    case kEvEfiVariableDriverConfig:
    case kEvEfiVariableBoot:
    case kEvEfiVariableBoot2:
    case kEvEfiVariableAuthority:
      return Variable(data);
    case kEvEfiBootServicesApplication:
    case kEvEfiBootServicesDriver:
    case kEvEfiRuntimeServicesDriver:
      return ImageLoad(data);
    case kEvEfiGptEvent:
      return Gpt(data);
    case kEvEfiPlatformFirmwareBlob:
      return FirmwareBlob(data, /*described=*/false);
    case kEvEfiPlatformFirmwareBlob2:
      return FirmwareBlob(data, /*described=*/true);
    case kEvEfiHandoffTables:
      return HandoffTables(data, /*described=*/false);
    case kEvEfiHandoffTables2:
      return HandoffTables(data, /*described=*/true);
    default:
      return Undecoded(data);
  }
}

}  // namespace kedge
