// Intel TDX quotes, versions 4 and 5 (Intel TDX DCAP Quoting Library API, appendix 3: "Version 4
// quote format", "Version 5 quote format"). Pure and bounded; nothing here is verified.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// Real quotes are about 5 KiB; buffers that carry them are padded to 8 KiB at most.
inline constexpr size_t kMaxTdxQuoteSize = 64 * 1024;
inline constexpr size_t kTdxQuoteHeaderSize = 48;

// Bits of TDATTRIBUTES (Intel TDX Module ABI, "ATTRIBUTES definition").
inline constexpr uint64_t kTdAttributeDebug = 1ull << 0;
inline constexpr uint64_t kTdAttributeHgsPlusProfile = 1ull << 4;
inline constexpr uint64_t kTdAttributePerfProfile = 1ull << 5;
inline constexpr uint64_t kTdAttributePmtProfile = 1ull << 6;
inline constexpr uint64_t kTdAttributeIcssd = 1ull << 16;
inline constexpr uint64_t kTdAttributeLass = 1ull << 27;
inline constexpr uint64_t kTdAttributeSeptVeDisable = 1ull << 28;
inline constexpr uint64_t kTdAttributeMigratable = 1ull << 29;
inline constexpr uint64_t kTdAttributePks = 1ull << 30;
inline constexpr uint64_t kTdAttributeKeyLocker = 1ull << 31;
inline constexpr uint64_t kTdAttributeTpa = 1ull << 62;
inline constexpr uint64_t kTdAttributePerfmon = 1ull << 63;
// The group TUD ("TD under debug"): any bit of it takes the TD out of trust.
inline constexpr uint64_t kTdAttributesUnderDebug = 0xFF;

// REPORTBODY of an SGX enclave: 384 bytes, here of the TD quoting enclave.
struct SgxEnclaveReport {
  ByteArray<16> cpu_svn{};
  uint32_t misc_select = 0;
  ByteArray<16> attributes{};
  ByteArray<32> mr_enclave{};
  ByteArray<32> mr_signer{};
  uint16_t isv_prod_id = 0;
  uint16_t isv_svn = 0;
  ByteArray<64> report_data{};
  ByteArray<384> raw{};  // what the PCK signs
};

// TDREPORT body as the quote carries it; the last two fields only in the TDX 1.5 form.
struct TdReportBody {
  ByteArray<16> tee_tcb_svn{};
  ByteArray<48> mr_seam{};
  ByteArray<48> mr_signer_seam{};
  uint64_t seam_attributes = 0;
  uint64_t td_attributes = 0;
  uint64_t xfam = 0;
  ByteArray<48> mr_td{};
  ByteArray<48> mr_config_id{};
  ByteArray<48> mr_owner{};
  ByteArray<48> mr_owner_config{};
  ByteArray<48> rtmr[4]{};
  ByteArray<64> report_data{};
  std::optional<ByteArray<16>> tee_tcb_svn2;
  std::optional<ByteArray<48>> mr_service_td;
};

struct TdxQuote {
  uint16_t version = 0;
  uint16_t attestation_key_type = 0;
  uint32_t tee_type = 0;
  ByteArray<4> header_reserved{};  // QE SVN and PCE SVN of older versions; signed, meaningless
  ByteArray<16> qe_vendor_id{};
  ByteArray<20> user_data{};
  TdReportBody body;
  Bytes signed_bytes;               // header and body, what the attestation key signs
  ByteArray<64> signature{};        // r || s, big-endian
  ByteArray<64> attestation_key{};  // x || y, big-endian
  SgxEnclaveReport qe_report;
  ByteArray<64> qe_report_signature{};  // r || s, big-endian
  Bytes qe_auth_data;
  Bytes pck_chain_pem;  // leaf first; the terminating zero that some quoting enclaves write is cut
  size_t padding = 0;   // zero bytes after the content
};

// Accepts version 4 (TDX 1.0 body) and 5 (body types 2 and 3), ECDSA P-256, tee type 0x81, Intel's
// quoting enclave, certification data type 6 around type 5. Zero bytes after the content are
// padding; any other byte there, and every length that does not fit, is malformed.
// INVALID_ARGUMENT with fault FORMAT, FORMAT_VERSION, FORMAT_TEE_TYPE, FORMAT_AK_TYPE or
// FORMAT_VENDOR.
StatusOr<TdxQuote> ParseTdxQuote(ByteView bytes);

// A 64-bit field as the quote's bytes show it: little-endian, in hex.
std::string TdxFlagsHex(uint64_t value);

}  // namespace kedge
