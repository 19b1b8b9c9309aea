// Evidence (RFC 9334): genuine hardware layouts, exactly as the hardware produced them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <variant>

#include "base/bytes.h"

namespace kedge {

// What a report covers: 64 bytes, unhashed into report_data / extraData (design: Protocol).
using ReportData = ByteArray<64>;

// TPM_ALG_ID of a PCR bank (TPM 2.0 Library part 2, table 9).
enum class PcrBank : uint16_t {
  kSha1 = 0x0004,
  kSha256 = 0x000B,
  kSha384 = 0x000C,
  kSha512 = 0x000D
};

size_t DigestSize(PcrBank bank);          // bytes; 0 for a value outside the enumeration
std::string_view ToString(PcrBank bank);  // "sha1", "sha256", "sha384", "sha512"

using PcrIndex = uint32_t;  // 0..23
using PcrValues = std::map<PcrIndex, Bytes>;

// A vTPM quote with what is needed to appraise it.
struct VtpmEvidence {
  Bytes quoted;     // TPMS_ATTEST as signed
  Bytes signature;  // TPMT_SIGNATURE
  Bytes ak_public;  // TPMT_PUBLIC of the attestation key
  PcrBank bank = PcrBank::kSha256;
  PcrValues pcrs;      // the values that the quote covers
  Bytes firmware_log;  // TCG2 crypto-agile log; may be empty
  Bytes kedge_log;     // CEL-JSON records of our own extends; may be empty
};

// Which hardware signs reports about a guest.
enum class Tee { kNone, kSnp, kTdx };
std::string_view ToString(Tee tee);  // "none", "snp", "tdx"

// A report of the hardware, as it came from there.
struct TeeReport {
  Tee tee = Tee::kSnp;
  Bytes report;        // SNP attestation report, or TDX quote
  Bytes certificates;  // SNP: the host's certificate table; may be empty
};

// A vTPM whose attestation key the hardware's report names: report_data is CompositeReportData.
struct CompositeEvidence {
  TeeReport tee;
  VtpmEvidence vtpm;
};

// A variant, so that a new TEE is a compile error wherever it is not handled.
using Evidence = std::variant<VtpmEvidence, CompositeEvidence>;

// SHA-512(lp("kedge/1 composite") lp(report data) lp(AK name)) (design: Protocol, "Composite").
// "The same report data in both" alone would bind nothing: any TPM quotes what it is asked to.
ReportData CompositeReportData(const ReportData& report_data, ByteView ak_name);

// The wire form: lp("kedge/1 evidence") lp("vtpm") lp(quoted) lp(signature) lp(ak_public)
// lp(u32 bank) lp(u32 selection, bit i = PCR i) lp(values of the selected PCRs, ascending)
// lp(firmware_log) lp(kedge_log); of a composite: lp("kedge/1 evidence") lp("snp+vtpm" or
// "tdx+vtpm") lp(report) lp(certificates), then from lp(quoted) on the same. Parsing is
// attestation/parse/evidence.h.
inline constexpr std::string_view kEvidenceLabel = "kedge/1 evidence";
inline constexpr std::string_view kVtpmEvidenceType = "vtpm";
inline constexpr std::string_view kSnpVtpmEvidenceType = "snp+vtpm";
inline constexpr std::string_view kTdxVtpmEvidenceType = "tdx+vtpm";
Bytes EncodeEvidence(const Evidence& evidence);
inline constexpr size_t kMaxEvidenceSize = 320 * 1024;
inline constexpr size_t kMaxTeeReport = 32 * 1024;
inline constexpr size_t kMaxTeeCertificates = 32 * 1024;
inline constexpr size_t kMaxFirmwareLogSize = 192 * 1024;
inline constexpr size_t kMaxEventLogSize = 32 * 1024;

// How far the evidence reaches (design: Node life). Shown everywhere, named by every policy.
enum class EvidenceLevel { kHostVtpm, kTeeVtpm, kTeeMeasured };
std::string_view ToString(EvidenceLevel level);  // "host-vtpm", "tee-vtpm", "tee-measured"

}  // namespace kedge
