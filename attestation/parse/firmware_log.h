// The event log of the firmware: crypto-agile (TCG PC Client Platform Firmware Profile 1.05,
// section 10), its confidential-computing form for measurement registers (CCEL, UEFI 2.10 section
// 38), and the old SHA-1-only one (section 10.2.1). Pure and bounded; MALFORMED for anything that
// does not parse to its end.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// Event types with a meaning here (Firmware Profile, 10.4.1).
inline constexpr uint32_t kEvPostCode = 0x00000001;
inline constexpr uint32_t kEvNoAction = 0x00000003;
inline constexpr uint32_t kEvSeparator = 0x00000004;
inline constexpr uint32_t kEvAction = 0x00000005;
inline constexpr uint32_t kEvEventTag = 0x00000006;
inline constexpr uint32_t kEvSCrtmContents = 0x00000007;
inline constexpr uint32_t kEvSCrtmVersion = 0x00000008;
inline constexpr uint32_t kEvPlatformConfigFlags = 0x0000000A;
inline constexpr uint32_t kEvCompactHash = 0x0000000C;
inline constexpr uint32_t kEvIpl = 0x0000000D;
inline constexpr uint32_t kEvNonhostInfo = 0x00000011;
inline constexpr uint32_t kEvEfiVariableDriverConfig = 0x80000001;
inline constexpr uint32_t kEvEfiVariableBoot = 0x80000002;
inline constexpr uint32_t kEvEfiBootServicesApplication = 0x80000003;
inline constexpr uint32_t kEvEfiBootServicesDriver = 0x80000004;
inline constexpr uint32_t kEvEfiRuntimeServicesDriver = 0x80000005;
inline constexpr uint32_t kEvEfiGptEvent = 0x80000006;
inline constexpr uint32_t kEvEfiAction = 0x80000007;
inline constexpr uint32_t kEvEfiPlatformFirmwareBlob = 0x80000008;
inline constexpr uint32_t kEvEfiHandoffTables = 0x80000009;
inline constexpr uint32_t kEvEfiPlatformFirmwareBlob2 = 0x8000000A;
inline constexpr uint32_t kEvEfiHandoffTables2 = 0x8000000B;
inline constexpr uint32_t kEvEfiVariableBoot2 = 0x8000000C;
inline constexpr uint32_t kEvEfiVariableAuthority = 0x800000E0;

// "EV_SEPARATOR", or "type 0x00000042" for a type that no profile names.
std::string EventTypeName(uint32_t type);

struct FirmwareEvent {
  PcrIndex pcr = 0;  // in a CCEL the register number: 0 = MRTD, n = RTMR n-1
  uint32_t type = 0;
  std::map<PcrBank, Bytes> digests;  // digests of other algorithms are skipped
  Bytes data;
};

enum class FirmwareLogFormat { kCryptoAgile, kSha1Only };

struct FirmwareLog {
  FirmwareLogFormat format = FirmwareLogFormat::kCryptoAgile;
  bool ccel = false;                  // the header event is on register 1
  std::vector<PcrBank> banks;         // those of the header that we know
  uint8_t startup_locality = 0;       // PCR 0 starts at this value (Firmware Profile, 10.4.5.3)
  std::vector<FirmwareEvent> events;  // without the header event of a crypto-agile log
  size_t padding = 0;                 // bytes behind the last event of a CCEL, all 00 or all FF
};

// What a file may hold; what evidence may carry is less (kMaxFirmwareLogSize).
inline constexpr size_t kMaxLogFileSize = 1024 * 1024;

// At most kMaxLogFileSize bytes and 4,096 events; nothing may follow the last event, except for the
// filler of the ACPI area that a CCEL is copied from.
StatusOr<FirmwareLog> ParseFirmwareLog(ByteView bytes);

// "PCR 7", or in a CCEL "MRTD" and "RTMR 0" for registers 0 and 1 (UEFI 2.10, 38.4.1).
std::string RegisterName(bool ccel, PcrIndex index);

}  // namespace kedge
