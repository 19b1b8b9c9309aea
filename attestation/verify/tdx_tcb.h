// How current a TDX platform is by Intel's own levels: platform, TDX module and quoting enclave
// each (Intel SGX TCB info and QE identity, "determining the TCB status"). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attestation/parse/intel_collateral.h"
#include "attestation/parse/pck_extensions.h"
#include "attestation/parse/tdx_quote.h"

namespace kedge {

// The level that fits: the first of the document whose every component is reached.
struct TcbFinding {
  TcbStatus status = TcbStatus::kNotSupported;
  std::optional<absl::Time> date;  // of the level; absent where none fits
  std::vector<std::string> advisory_ids;
  // What keeps it from the best level of the document, in words; empty where it has it.
  std::vector<std::string> gaps;
};

struct TdxTcbFindings {
  TcbFinding platform;
  // Absent where the TDX module has version 0: the platform's levels cover it.
  std::optional<TcbFinding> module;
  std::optional<TcbFinding> qe;  // absent without a QE identity
  // The worst of them, combined as Intel does; RelaunchAdvised only where the TD (1.5 form) runs on
  // a repaired module and was launched before.
  TcbStatus converged = TcbStatus::kNotSupported;
  std::vector<std::string> advisory_ids;  // of all findings, sorted, each once
};

// `identity` may be null. `info` must be a TDX document (info.id "TDX").
TdxTcbFindings FindTdxTcb(const TdReportBody& td, const PckTcb& pck, uint16_t qe_isv_svn,
                          const TcbInfo& info, const QeIdentity* identity);

// The module's own entry for the version in the quote; null where the document has none.
const TdxModuleIdentity* FindModuleIdentity(const TcbInfo& info, uint8_t version);
// Module version (0: TDX 1.0, no identity) and SVN inside TEE_TCB_SVN.
inline uint8_t TdxModuleVersion(const ByteArray<16>& tee_tcb_svn) { return tee_tcb_svn[1]; }
inline uint8_t TdxModuleSvn(const ByteArray<16>& tee_tcb_svn) { return tee_tcb_svn[0]; }

// The worse of a platform's status and that of a part of it.
TcbStatus CombineTcbStatus(TcbStatus platform, TcbStatus part);
bool IsOutOfDate(TcbStatus status);
bool NeedsConfiguration(TcbStatus status);
bool NeedsSwHardening(TcbStatus status);

}  // namespace kedge
