// Hardware reports through the kernel's one interface for all of them, configfs-tsm.
//
// Source: Linux, Documentation/ABI/testing/configfs-tsm (from 6.7; services of an SVSM from 6.10).
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <optional>
#include <string>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/status.h"

namespace kedge {

inline constexpr char kTsmReportFolder[] = "/sys/kernel/config/tsm/report";
inline constexpr char kTsmProviderSnp[] = "sev_guest";
inline constexpr char kTsmProviderTdx[] = "tdx_guest";
// What the kernel lets a provider return at most, and what we take of the certificates.
inline constexpr size_t kMaxTsmBlob = 32 * 1024;
inline constexpr size_t kMaxTsmAuxiliaryBlob = 128 * 1024;

// A report by a service that runs in the guest, above the kernel's own privilege level.
struct TsmService {
  std::string provider = "svsm";
  std::string guid = {};  // "c476f1eb-…"; empty: of all services together
  uint32_t manifest_version = 0;
};

struct TsmRequest {
  ReportData report_data{};
  // The privilege level (SNP: VMPL) that the report is made for; nullopt: the lowest number that
  // the kernel may ask for, and nothing where the provider knows no levels.
  std::optional<uint32_t> privilege_level = {};
  std::optional<TsmService> service = {};
};

struct TsmReport {
  std::string provider;  // kTsmProviderSnp, kTsmProviderTdx, or one unknown to us
  Bytes report;          // outblob: SNP report or TDX quote
  Bytes auxiliary;       // auxblob: SNP's certificate table; empty where there is none
  Bytes manifest;        // manifestblob: of the service; empty where none was asked for
};

struct TsmOptions {
  std::string folder = kTsmReportFolder;
  int attempts = 5;                                // in all, at least one
  absl::Duration pause = absl::Milliseconds(100);  // before the second; doubles
  std::function<void(absl::Duration)> sleep = {};  // unset: the thread sleeps
};

// Thread-safe: every report has an entry of its own in the folder, removed whatever happens.
class TsmReports {
 public:
  // `random` names the entries; it outlives this object.
  explicit TsmReports(Random& random, TsmOptions options = {});

  // Blocks for as long as the hardware or the host's quoting service takes. Faults:
  // TSM_NOT_AVAILABLE (no configfs-tsm in this kernel, or no provider behind it), TSM_UNSUPPORTED
  // (the provider has no such attribute), TSM_REFUSED (the provider will not make such a report),
  // FILE_TOO_LARGE; TSM_BUSY and TSM_CONFLICT (retry) after `attempts` in vain.
  StatusOr<TsmReport> Collect(const TsmRequest& request);
  // Only the provider's name. Faults as above.
  StatusOr<std::string> Provider();

 private:
  template <typename T>
  StatusOr<T> Repeat(const std::function<StatusOr<T>()>& attempt);

  Random& random_;
  const TsmOptions options_;
};

}  // namespace kedge
