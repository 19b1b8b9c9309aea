// Files of PCR values that come beside a quote. Pure, bounded; MALFORMED.
#pragma once

#include <map>
#include <string_view>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

using PcrBankValues = std::map<PcrBank, PcrValues>;

// {"sha256":{"0":"HEX",…},…}: indices 0-31 (registers of a CCEL too), values of the bank's size.
StatusOr<PcrBankValues> ParsePcrJson(ByteView bytes);

// What `tpm2_quote --pcr` and `tpm2_pcrread -o` write (tpm2-tools 4 and 5, pcrs_format
// "serialized"): the C structures TPML_PCR_SELECTION, a u32 count and that many TPML_DIGEST, all
// little-endian with the compiler's padding. Values stand in the order of the selection.
StatusOr<PcrBankValues> ParseToolsPcrs(ByteView bytes);

// Either form.
StatusOr<PcrBankValues> ParsePcrValues(ByteView bytes);

StatusOr<PcrBank> ParseBankName(std::string_view name);  // "sha256"

}  // namespace kedge
