// Claims about TPMs, logs and TPM certificates as JSON, the same in `kedge verify`, `kedge parse`,
// `kedge eventlog` and `kedge verify batch`.
#pragma once

#include <nlohmann/json.hpp>

#include "attestation/parse/cel_log.h"
#include "attestation/parse/pcr_values.h"
#include "attestation/parse/tpm_structs.h"
#include "attestation/verify/event_log.h"
#include "attestation/verify/tpm_certificate.h"
#include "attestation/verify/tpm_quote_checks.h"

namespace kedge::cli {

// {"sha256":{"0":HEX,…},…}, as ParsePcrJson reads it.
nlohmann::ordered_json PcrsJson(const PcrBankValues& values);
nlohmann::ordered_json AttestJson(const TpmAttest& attest);
nlohmann::ordered_json SignatureJson(const TpmSignature& signature);
nlohmann::ordered_json PublicJson(const TpmPublic& area);
nlohmann::ordered_json TpmClaimsJson(const TpmClaims& claims);
nlohmann::ordered_json CertificateJson(const Certificate& certificate);
nlohmann::ordered_json TpmCertificateJson(const TpmCertificateClaims& claims);

// Format, banks, Secure Boot, every event with its trust, and the replayed registers.
nlohmann::ordered_json EventLogJson(const FirmwareLog& log, const EventLogClaims& claims);
// The same as tables for people.
std::string EventLogText(const FirmwareLog& log, const EventLogClaims& claims);

// A log of userspace: each record, and whether its content has its digests.
nlohmann::ordered_json CelLogJson(const std::vector<CelRecord>& records);
std::string CelLogText(const std::vector<CelRecord>& records);

// "sha256", or "0x0012" for an algorithm without a bank here.
std::string HashName(uint16_t tpm_alg);

}  // namespace kedge::cli
