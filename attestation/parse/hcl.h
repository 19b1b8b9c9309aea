// The report that Azure's paravisor keeps in vTPM NV index 0x01400001: a hardware report whose
// report_data is the hash of runtime data, which name the vTPM's attestation key. Pure, bounded;
// MALFORMED.
//
//   "HCLA" u32 version u32 size u32 request u32 status u8[12]    32 bytes
//   hardware report: SNP, or TDREPORT and zeros                  1,184 bytes
//   u32 size u32 version u32 report type u32 hash type u32 n     20 bytes
//   n bytes of JSON, then zeros
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

enum class HclReportType : uint32_t { kSnp = 2, kTdx = 4 };

inline constexpr size_t kHclHardwareReportSize = 1184;
inline constexpr size_t kTdReportSize = 1024;

struct HclReport {
  uint32_t version = 0;
  uint32_t request_type = 0;
  uint32_t status = 0;
  HclReportType report_type = HclReportType::kSnp;
  uint32_t data_version = 0;
  uint32_t hash_type = 0;    // 1: SHA-256
  ByteView hardware_report;  // 1,184 bytes, or kTdReportSize of a TD
  ByteView variable_data;    // the JSON as hashed
  size_t padding = 0;        // zero bytes behind it
};
// At most 32 KiB. The views live as long as the bytes. What the JSON says is another question: a
// report whose binding is broken need not hold JSON.
StatusOr<HclReport> ParseHclReport(ByteView bytes);

struct HclRsaKey {
  std::string id;  // "HCLAkPub", "HCLEkPub"
  std::vector<std::string> operations;
  Bytes modulus;
  uint32_t exponent = 0;
};
struct HclRuntimeData {
  std::vector<HclRsaKey> keys;
  Bytes user_data;
  // vm-configuration, where said.
  std::optional<bool> console_enabled;
  std::optional<bool> secure_boot;
  std::optional<bool> tpm_enabled;
  std::string vm_id;
  const HclRsaKey* FindKey(std::string_view id) const;
};
// A key id that appears twice is MALFORMED; members that we do not know are let through, because
// all of the text is hashed.
StatusOr<HclRuntimeData> ParseHclRuntimeData(ByteView json);

// The fields of a TDREPORT that a TD quote repeats (Intel TDX Module 1.5 ABI, TDREPORT_STRUCT).
struct TdReport {
  ByteView report_data;  // 64 bytes
  ByteView td_info;      // attributes, XFAM, MRTD, MRCONFIGID, MROWNER(CONFIG), RTMR 0-3: 448 bytes
};
// Exactly kTdReportSize bytes of type 81h.
StatusOr<TdReport> ParseTdReport(ByteView bytes);

}  // namespace kedge
