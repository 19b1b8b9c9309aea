// The invitation in the machine's SMBIOS tables, for hosts without fw_cfg.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// One string of an "OEM strings" structure (DMTF DSP0134, type 11): this prefix, then the
// invitation file in base64.
inline constexpr std::string_view kSmbiosInvitationPrefix = "kedge.invitation=";
// A structure of that size holds the largest invitation in base64.
inline constexpr size_t kMaxSmbiosStructure = 96 * 1024;

// `structure`: the raw bytes of one type 11 structure, header and strings, as in
// /sys/firmware/dmi/entries/11-*/raw. nullopt where none of its strings is an invitation. MALFORMED
// where the structure is not well-formed or the value is not base64.
StatusOr<std::optional<Bytes>> InvitationInOemStrings(ByteView structure);

}  // namespace kedge
