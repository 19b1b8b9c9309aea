// The TCG2 crypto-agile event log of the firmware (TCG PC Client Platform Firmware Profile 1.05,
// section 10). Pure and bounded; MALFORMED for anything that does not parse to its end.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// Event types with a meaning here (Firmware Profile, 10.4.1).
inline constexpr uint32_t kEvNoAction = 0x00000003;
inline constexpr uint32_t kEvSeparator = 0x00000004;
inline constexpr uint32_t kEvSCrtmVersion = 0x00000008;
inline constexpr uint32_t kEvNonhostInfo = 0x00000011;
inline constexpr uint32_t kEvEfiVariableDriverConfig = 0x80000001;
inline constexpr uint32_t kEvEfiVariableBoot = 0x80000002;
inline constexpr uint32_t kEvEfiGptEvent = 0x80000006;
inline constexpr uint32_t kEvEfiAction = 0x80000007;
inline constexpr uint32_t kEvEfiVariableBoot2 = 0x8000000C;

struct FirmwareEvent {
  PcrIndex pcr = 0;
  uint32_t type = 0;
  std::map<PcrBank, Bytes> digests;  // digests of other algorithms are skipped
  Bytes data;
};

struct FirmwareLog {
  std::vector<PcrBank> banks;         // those of the header that we know
  uint8_t startup_locality = 0;       // PCR 0 starts at this value (Firmware Profile, 10.4.5.3)
  std::vector<FirmwareEvent> events;  // without the header event
};

// At most kMaxFirmwareLogSize bytes and 4,096 events; nothing may follow the last event.
StatusOr<FirmwareLog> ParseFirmwareLog(ByteView bytes);

}  // namespace kedge
