// The SGX extension of a Provisioning Certification Key certificate, OID 1.2.840.113741.1.13.1
// (Intel SGX PCK Certificate and Certificate Revocation List Profile Specification, section 1.3.5).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr std::string_view kSgxExtensionsOid = "1.2.840.113741.1.13.1";

// The platform's security version numbers as the PCK certifies them.
struct PckTcb {
  ByteArray<16> component_svns{};
  uint16_t pce_svn = 0;
  ByteArray<16> cpu_svn{};
};

// Only PCKs of the Platform CA (multi-package platforms) have these. TRUE is what the extension
// says; an absent flag is unknown, not false.
struct PckConfiguration {
  std::optional<bool> dynamic_platform;
  std::optional<bool> cached_keys;
  std::optional<bool> smt_enabled;
};

struct PckExtensions {
  ByteArray<16> ppid{};
  PckTcb tcb;
  ByteArray<2> pce_id{};
  ByteArray<6> fmspc{};
  uint8_t sgx_type = 0;  // 0 standard, 1 scalable, 2 scalable with integrity
  std::optional<ByteArray<16>> platform_instance_id;
  PckConfiguration configuration;
};

// `value`: the content of the extension. PPID, TCB, PCEID, FMSPC and SGX type must be there,
// nothing twice; members that the profile does not know are refused. MALFORMED.
StatusOr<PckExtensions> ParsePckExtensions(ByteView value);

}  // namespace kedge
