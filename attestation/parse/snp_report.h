// The SEV-SNP attestation report: structure only, nothing here is verified.
//
// Source: AMD SEV Secure Nested Paging Firmware ABI Specification (56860), table
// "ATTESTATION_REPORT Structure". Version 2 is ABI 1.51 and later, 3 adds CPUID, 5 adds the
// mitigation vectors.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr size_t kSnpReportSize = 1184;
inline constexpr size_t kSnpSignedSize = 0x2A0;  // the signature covers this many first bytes

// A line of products that share roots, TCB layout and certificate service. Bergamo and Siena are
// Genoa here.
enum class SnpProduct { kMilan, kGenoa, kTurin };
inline constexpr std::array<SnpProduct, 3> kSnpProducts = {SnpProduct::kMilan, SnpProduct::kGenoa,
                                                           SnpProduct::kTurin};
std::string_view ToString(SnpProduct product);  // "Milan", "Genoa", "Turin"
// nullopt for any other name.
std::optional<SnpProduct> SnpProductFromName(std::string_view name);
// From the combined family and the combined model of CPUID Fn0000_0001; nullopt where unknown.
std::optional<SnpProduct> SnpProductFromCpuid(uint8_t family, uint8_t model);

// A TCB_VERSION by component. Where the byte of a component lies depends on the product.
struct SnpTcb {
  std::optional<uint8_t> fmc = {};  // Turin only
  uint8_t bootloader = 0;
  uint8_t tee = 0;
  uint8_t snp = 0;
  uint8_t microcode = 0;
  // The bytes that belong to no component of the product are zero.
  bool reserved_zero = true;

  bool operator==(const SnpTcb&) const = default;
};
SnpTcb DecodeSnpTcb(uint64_t raw, SnpProduct product);
// "fmc 0, bl 1, tee 0, snp 2, ucode 71"
std::string ToString(const SnpTcb& tcb);

struct SnpFirmwareVersion {
  uint8_t major = 0;
  uint8_t minor = 0;
  uint8_t build = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): of what the compiler makes of `<=>`.
  auto operator<=>(const SnpFirmwareVersion&) const = default;
};
std::string ToString(const SnpFirmwareVersion& version);  // "1.55.29"

// GUEST_POLICY.
struct SnpGuestPolicy {
  uint64_t raw = 0;
  uint8_t abi_minor() const { return static_cast<uint8_t>(raw); }
  uint8_t abi_major() const { return static_cast<uint8_t>(raw >> 8); }
  bool smt() const { return Bit(16); }
  bool reserved_one() const { return Bit(17); }
  bool migrate_ma() const { return Bit(18); }
  bool debug() const { return Bit(19); }
  bool single_socket() const { return Bit(20); }
  bool cxl() const { return Bit(21); }
  bool mem_aes_256_xts() const { return Bit(22); }
  bool rapl_disabled() const { return Bit(23); }
  bool ciphertext_hiding_dram() const { return Bit(24); }
  bool page_swap_disabled() const { return Bit(25); }
  uint64_t unknown_bits() const { return raw >> 26; }

 private:
  bool Bit(int bit) const { return ((raw >> bit) & 1) != 0; }
};

// PLATFORM_INFO.
struct SnpPlatformInfo {
  uint64_t raw = 0;
  bool smt() const { return Bit(0); }
  bool tsme() const { return Bit(1); }
  bool ecc() const { return Bit(2); }
  bool rapl_disabled() const { return Bit(3); }
  bool ciphertext_hiding_dram() const { return Bit(4); }
  bool alias_check_complete() const { return Bit(5); }
  bool tio() const { return Bit(7); }
  // Bit 6 and those above 7: no meaning in the specification, set by some firmware.
  uint64_t unknown_bits() const { return raw & ~uint64_t{0xBF}; }

 private:
  bool Bit(int bit) const { return ((raw >> bit) & 1) != 0; }
};

// SIGNING_KEY: which kind of key the firmware says it signed with.
enum class SnpSigningKey { kVcek, kVlek, kNone, kReserved };
std::string_view ToString(SnpSigningKey key);  // "VCEK", "VLEK", "none", "reserved"

struct SnpReport {
  uint32_t version = 0;
  uint32_t guest_svn = 0;
  SnpGuestPolicy policy;
  ByteArray<16> family_id{};
  ByteArray<16> image_id{};
  uint32_t vmpl = 0;
  uint64_t current_tcb = 0;
  SnpPlatformInfo platform_info;
  bool author_key_en = false;
  bool mask_chip_key = false;
  SnpSigningKey signing_key = SnpSigningKey::kReserved;
  ByteArray<64> report_data{};
  ByteArray<48> measurement{};
  ByteArray<32> host_data{};
  ByteArray<48> id_key_digest{};
  ByteArray<48> author_key_digest{};
  ByteArray<32> report_id{};
  ByteArray<32> report_id_ma{};
  uint64_t reported_tcb = 0;
  // Version 3 and later; zero before.
  uint8_t cpuid_family = 0;
  uint8_t cpuid_model = 0;
  uint8_t cpuid_stepping = 0;
  ByteArray<64> chip_id{};
  uint64_t committed_tcb = 0;
  SnpFirmwareVersion current_version;
  SnpFirmwareVersion committed_version;
  uint64_t launch_tcb = 0;
  // Version 5 and later; zero before.
  uint64_t launch_mitigation = 0;
  uint64_t current_mitigation = 0;
  // Some byte of the signed area that has no meaning is set. The chip vouches for it, so it is no
  // malformation; it says that the firmware is newer than this code.
  bool reserved_nonzero = false;
  // ECDSA P-384 signature, big-endian.
  ByteArray<48> signature_r{};
  ByteArray<48> signature_s{};

  bool has_cpuid() const { return version >= 3; }
  bool has_mitigation() const { return version >= 5; }
  // What CPUID says; nullopt for a version without CPUID or an unknown processor.
  std::optional<SnpProduct> product() const {
    return has_cpuid() ? SnpProductFromCpuid(cpuid_family, cpuid_model) : std::nullopt;
  }
};

// Exactly one report. INVALID_ARGUMENT with the faults FORMAT_LENGTH, FORMAT_VERSION (2, 3 and 5
// are known), SIG_ALGO, SIGNATURE_FORMAT (r or s longer than 48 bytes), RESERVED_MBZ (unsigned
// bytes after the signature that are not zero: a place to hide things in).
StatusOr<SnpReport> ParseSnpReport(ByteView bytes);

}  // namespace kedge
