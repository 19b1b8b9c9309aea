// TCB info (version 3) and quoting-enclave identity (version 2) as Intel's Provisioning
// Certification Service signs them (PCS API version 4). Pure and bounded; nothing is verified here.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr size_t kMaxIntelCollateral = 512 * 1024;

// Better first: a platform's statuses are combined by taking the last of them.
enum class TcbStatus {
  kUpToDate,
  kSwHardeningNeeded,
  kConfigurationNeeded,
  kConfigurationAndSwHardeningNeeded,
  // Not in any document: a TD that runs on a repaired platform and was launched before the repair.
  kRelaunchAdvised,
  kRelaunchAdvisedConfigurationNeeded,
  kOutOfDate,
  kOutOfDateConfigurationNeeded,
  kNotSupported,  // not in any document: no level fits
  kRevoked
};
std::string_view ToString(TcbStatus status);  // Intel's spelling
std::optional<TcbStatus> TcbStatusNamed(std::string_view name);

struct TcbComponents {
  ByteArray<16> svns{};
  // What Intel says a component is ("BIOS, Early Microcode Update"); may be empty.
  std::string names[16];
};

struct TcbLevel {
  TcbComponents sgx;
  uint16_t pce_svn = 0;
  TcbComponents tdx;
  absl::Time date;
  TcbStatus status = TcbStatus::kNotSupported;
  std::vector<std::string> advisory_ids;
};

// A level of an enclave or module that has one number.
struct IsvTcbLevel {
  uint16_t isv_svn = 0;
  absl::Time date;
  TcbStatus status = TcbStatus::kNotSupported;
  std::vector<std::string> advisory_ids;
};

struct TdxModule {
  ByteArray<48> mr_signer{};
  ByteArray<8> attributes{};
  ByteArray<8> attributes_mask{};
};

struct TdxModuleIdentity {
  std::string id;       // "TDX_01"
  uint8_t version = 0;  // 1
  TdxModule module;
  std::vector<IsvTcbLevel> levels;
};

struct TcbInfo {
  std::string id;  // "TDX" or "SGX"
  uint32_t version = 0;
  absl::Time issue_date;
  absl::Time next_update;
  ByteArray<6> fmspc{};
  ByteArray<2> pce_id{};
  uint32_t tcb_type = 0;
  uint32_t tcb_evaluation_data_number = 0;
  std::optional<TdxModule> module;
  std::vector<TdxModuleIdentity> module_identities;
  std::vector<TcbLevel> levels;  // in the order of the document
};

struct QeIdentity {
  std::string id;  // "TD_QE", "QE" …
  uint32_t version = 0;
  absl::Time issue_date;
  absl::Time next_update;
  uint32_t tcb_evaluation_data_number = 0;
  ByteArray<4> misc_select{};
  ByteArray<4> misc_select_mask{};
  ByteArray<16> attributes{};
  ByteArray<16> attributes_mask{};
  ByteArray<32> mr_signer{};
  uint16_t isv_prod_id = 0;
  std::vector<IsvTcbLevel> levels;
};

// A document with what its signature covers: the bytes of the inner object exactly as received.
template <typename T>
struct IntelSigned {
  T content;
  Bytes signed_bytes;
  ByteArray<64> signature{};  // r || s, big-endian
};

// {"tcbInfo": {…}, "signature": hex}. Refuses repeated names, null, fractions, wrong types, missing
// members and unknown statuses. Further members are let pass: Intel adds some without a new
// version, and the signature covers them. A TDX document without levels, and one whose identities
// repeat, are refused. MALFORMED.
StatusOr<IntelSigned<TcbInfo>> ParseTcbInfo(ByteView json);
// {"enclaveIdentity": {…}, "signature": hex}. MALFORMED.
StatusOr<IntelSigned<QeIdentity>> ParseQeIdentity(ByteView json);

}  // namespace kedge
