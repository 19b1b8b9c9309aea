#include "attestation/parse/firmware_log.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxEvents = 4096;
constexpr uint32_t kMaxAlgorithms = 8;
constexpr PcrIndex kMaxPcr = 23;
constexpr std::string_view kSpecIdSignature("Spec ID Event03\0", 16);
// Specification versions 1.0 (BIOS) and 1.2 (UEFI), both SHA-1 only.
constexpr std::string_view kOldSpecId00("Spec ID Event00\0", 16);
constexpr std::string_view kOldSpecId02("Spec ID Event02\0", 16);
constexpr std::string_view kStartupLocality("StartupLocality\0", 16);

using AlgorithmSizes = std::map<uint16_t, uint16_t>;

bool IsKnownBank(uint16_t alg) { return DigestSize(static_cast<PcrBank>(alg)) != 0; }

// TCG_EfiSpecIDEvent, the data of the header event.
StatusOr<AlgorithmSizes> ParseSpecId(ByteView data) {
  Reader reader(data);
  ASSIGN_OR_RETURN(const ByteView signature, reader.Take(kSpecIdSignature.size()));
  if (AsText(signature) != kSpecIdSignature) {
    return Malformed("the first event is not a Spec ID Event03: not a crypto-agile log");
  }
  // platformClass, specVersionMinor, specVersionMajor, specErrata, uintnSize.
  RETURN_IF_ERROR(reader.Skip(8));
  ASSIGN_OR_RETURN(const uint32_t count, reader.U32Le());
  if (count == 0 || count > kMaxAlgorithms) {
    return Malformed(absl::StrCat("an event log with ", count, " digest algorithms"));
  }
  AlgorithmSizes sizes;
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const uint16_t alg, reader.U16Le());
    ASSIGN_OR_RETURN(const uint16_t size, reader.U16Le());
    const size_t known = DigestSize(static_cast<PcrBank>(alg));
    if (size == 0 || size > 64 || (known != 0 && size != known)) {
      return Malformed(absl::StrCat("digest algorithm ", alg, " with ", size, " bytes"));
    }
    if (!sizes.emplace(alg, size).second) return Malformed("a digest algorithm is listed twice");
  }
  ASSIGN_OR_RETURN(const uint8_t vendor_size, reader.U8());
  RETURN_IF_ERROR(reader.Skip(vendor_size));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return sizes;
}

// TCG_PCClientPCREvent: the layout of old logs and of the header event of new ones.
struct OldEvent {
  uint32_t pcr = 0;
  uint32_t type = 0;
  ByteView sha1;
  ByteView data;
};
StatusOr<OldEvent> ReadOldEvent(Reader& reader) {
  OldEvent event;
  ASSIGN_OR_RETURN(event.pcr, reader.U32Le());
  ASSIGN_OR_RETURN(event.type, reader.U32Le());
  if (event.pcr > kMaxPcr) return Malformed(absl::StrCat("an event for PCR ", event.pcr));
  ASSIGN_OR_RETURN(event.sha1, reader.Take(DigestSize(PcrBank::kSha1)));
  ASSIGN_OR_RETURN(const uint32_t size, reader.U32Le());
  ASSIGN_OR_RETURN(event.data, reader.Take(size));
  return event;
}

bool BeginsWith(ByteView data, std::string_view text) {
  return AsText(data.first(std::min(data.size(), text.size()))) == text;
}

// TCG_PCR_EVENT2.
StatusOr<FirmwareEvent> ReadEvent(Reader& reader, const AlgorithmSizes& sizes) {
  FirmwareEvent event;
  ASSIGN_OR_RETURN(event.pcr, reader.U32Le());
  ASSIGN_OR_RETURN(event.type, reader.U32Le());
  if (event.pcr > kMaxPcr) return Malformed(absl::StrCat("an event for PCR ", event.pcr));
  ASSIGN_OR_RETURN(const uint32_t count, reader.U32Le());
  if (count > sizes.size()) return Malformed(absl::StrCat("an event with ", count, " digests"));
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const uint16_t alg, reader.U16Le());
    const auto size = sizes.find(alg);
    if (size == sizes.end()) {
      return Malformed(absl::StrCat("digest algorithm ", alg, " is not in the header"));
    }
    ASSIGN_OR_RETURN(const ByteView digest, reader.Take(size->second));
    if (!IsKnownBank(alg)) continue;
    if (!event.digests.emplace(static_cast<PcrBank>(alg), ToBytes(digest)).second) {
      return Malformed("an event with two digests of one algorithm");
    }
  }
  ASSIGN_OR_RETURN(const uint32_t size, reader.U32Le());
  ASSIGN_OR_RETURN(const ByteView data, reader.Take(size));
  event.data = ToBytes(data);
  return event;
}

Status TakeStartupLocality(const FirmwareEvent& event, FirmwareLog& log) {
  if (event.pcr != 0 || event.type != kEvNoAction ||
      event.data.size() != kStartupLocality.size() + 1 ||
      AsText(ByteView(event.data).first(kStartupLocality.size())) != kStartupLocality) {
    return absl::OkStatus();
  }
  const uint8_t locality = event.data.back();
  if (locality != 0 && locality != 3 && locality != 4) {
    return Malformed("StartupLocality is 0, 3 or 4");
  }
  log.startup_locality = locality;
  return absl::OkStatus();
}

// The rest of the ACPI area that the log was copied from: one filler byte throughout.
bool IsFiller(ByteView rest) {
  return (rest[0] == 0x00 || rest[0] == 0xFF) &&
         std::all_of(rest.begin(), rest.end(), [&](uint8_t byte) { return byte == rest[0]; });
}

Status ReadAgileEvents(ByteView bytes, Reader& reader, const AlgorithmSizes& sizes,
                       FirmwareLog& log) {
  for (const auto& [alg, size] : sizes) {
    if (IsKnownBank(alg)) log.banks.push_back(static_cast<PcrBank>(alg));
  }
  while (!reader.empty()) {
    if (log.ccel && IsFiller(bytes.subspan(reader.position()))) {
      log.padding = reader.remaining();
      break;
    }
    if (log.events.size() == kMaxEvents) return Malformed("an event log of more than 4096 events");
    ASSIGN_OR_RETURN(FirmwareEvent event, ReadEvent(reader, sizes));
    RETURN_IF_ERROR(TakeStartupLocality(event, log));
    log.events.push_back(std::move(event));
  }
  return absl::OkStatus();
}

Status ReadOldEvents(Reader& reader, FirmwareLog& log) {
  log.format = FirmwareLogFormat::kSha1Only;
  log.banks = {PcrBank::kSha1};
  while (!reader.empty()) {
    if (log.events.size() == kMaxEvents) return Malformed("an event log of more than 4096 events");
    ASSIGN_OR_RETURN(const OldEvent old, ReadOldEvent(reader));
    FirmwareEvent event{old.pcr, old.type, {}, ToBytes(old.data)};
    event.digests.emplace(PcrBank::kSha1, ToBytes(old.sha1));
    RETURN_IF_ERROR(TakeStartupLocality(event, log));
    log.events.push_back(std::move(event));
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<FirmwareLog> ParseFirmwareLog(ByteView bytes) {
  if (bytes.size() > kMaxLogFileSize) {
    return Malformed(absl::StrCat("an event log of ", bytes.size(), " bytes, at most ",
                                  kMaxLogFileSize, " allowed"));
  }
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const OldEvent first, ReadOldEvent(reader));
  FirmwareLog log;
  if (first.type == kEvNoAction && BeginsWith(first.data, kSpecIdSignature)) {
    // PCR 0 in a TPM's log, register 1 in a CCEL.
    if (first.pcr > 1) return Malformed("the header event is neither on PCR 0 nor on register 1");
    log.ccel = first.pcr == 1;
    ASSIGN_OR_RETURN(const AlgorithmSizes sizes, ParseSpecId(first.data));
    RETURN_IF_ERROR(ReadAgileEvents(bytes, reader, sizes, log));
    return log;
  }
  // An old log begins with its own specification event, or has none.
  if (first.type == kEvNoAction && !BeginsWith(first.data, kOldSpecId00) &&
      !BeginsWith(first.data, kOldSpecId02)) {
    return Malformed("the first event is EV_NO_ACTION without the id of a log specification");
  }
  Reader whole(bytes);
  RETURN_IF_ERROR(ReadOldEvents(whole, log));
  return log;
}

std::string EventTypeName(uint32_t type) {
  static constexpr std::pair<uint32_t, std::string_view> kNames[] = {
      {0x00000000, "EV_PREBOOT_CERT"},
      {kEvPostCode, "EV_POST_CODE"},
      {0x00000002, "EV_UNUSED"},
      {kEvNoAction, "EV_NO_ACTION"},
      {kEvSeparator, "EV_SEPARATOR"},
      {kEvAction, "EV_ACTION"},
      {kEvEventTag, "EV_EVENT_TAG"},
      {kEvSCrtmContents, "EV_S_CRTM_CONTENTS"},
      {kEvSCrtmVersion, "EV_S_CRTM_VERSION"},
      {0x00000009, "EV_CPU_MICROCODE"},
      {kEvPlatformConfigFlags, "EV_PLATFORM_CONFIG_FLAGS"},
      {0x0000000B, "EV_TABLE_OF_DEVICES"},
      {kEvCompactHash, "EV_COMPACT_HASH"},
      {kEvIpl, "EV_IPL"},
      {0x0000000E, "EV_IPL_PARTITION_DATA"},
      {0x0000000F, "EV_NONHOST_CODE"},
      {0x00000010, "EV_NONHOST_CONFIG"},
      {kEvNonhostInfo, "EV_NONHOST_INFO"},
      {0x00000012, "EV_OMIT_BOOT_DEVICE_EVENTS"},
      {0x00000013, "EV_POST_CODE2"},
      {kEvEfiVariableDriverConfig, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
      {kEvEfiVariableBoot, "EV_EFI_VARIABLE_BOOT"},
      {kEvEfiBootServicesApplication, "EV_EFI_BOOT_SERVICES_APPLICATION"},
      {kEvEfiBootServicesDriver, "EV_EFI_BOOT_SERVICES_DRIVER"},
      {kEvEfiRuntimeServicesDriver, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
      {kEvEfiGptEvent, "EV_EFI_GPT_EVENT"},
      {kEvEfiAction, "EV_EFI_ACTION"},
      {kEvEfiPlatformFirmwareBlob, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
      {kEvEfiHandoffTables, "EV_EFI_HANDOFF_TABLES"},
      {kEvEfiPlatformFirmwareBlob2, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
      {kEvEfiHandoffTables2, "EV_EFI_HANDOFF_TABLES2"},
      {kEvEfiVariableBoot2, "EV_EFI_VARIABLE_BOOT2"},
      {0x8000000D, "EV_EFI_GPT_EVENT2"},
      {0x80000010, "EV_EFI_HCRTM_EVENT"},
      {kEvEfiVariableAuthority, "EV_EFI_VARIABLE_AUTHORITY"},
      {0x800000E1, "EV_EFI_SPDM_FIRMWARE_BLOB"},
      {0x800000E2, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
      {0x800000E3, "EV_EFI_SPDM_DEVICE_POLICY"},
      {0x800000E4, "EV_EFI_SPDM_DEVICE_AUTHORITY"}};
  for (const auto& [value, name] : kNames) {
    if (value == type) return std::string(name);
  }
  return absl::StrCat("type 0x", absl::Hex(type, absl::kZeroPad8));
}

std::string RegisterName(bool ccel, PcrIndex index) {
  if (!ccel) return absl::StrCat("PCR ", index);
  return index == 0 ? "MRTD" : absl::StrCat("RTMR ", index - 1);
}

}  // namespace kedge
