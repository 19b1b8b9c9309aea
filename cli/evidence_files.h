// Reading evidence and collateral that a command line or a case names.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "proto/wire/attestation_policy.h"

namespace kedge::cli {

// Certificates, CRLs, reports, quotes and logs are far smaller.
inline constexpr size_t kMaxEvidenceFile = 4 * 1024 * 1024;

StatusOr<Bytes> ReadEvidenceFile(const std::string& path);
// nullopt where there is no such file.
StatusOr<std::optional<Bytes>> ReadEvidenceFileIfThere(const std::string& path);
StatusOr<wire::AttestationPolicy> LoadAttestationPolicy(const std::string& path);
// "" gives nullopt. INVALID_ARGUMENT, naming `option`, for anything but pairs of hex digits.
StatusOr<std::optional<Bytes>> ParseHexOption(const std::string& hex, const std::string& option);

}  // namespace kedge::cli
