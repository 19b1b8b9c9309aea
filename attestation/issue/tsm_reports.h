// Hardware reports through the kernel's one interface for all of them, configfs-tsm.
//
// Source: Linux, Documentation/ABI/testing/configfs-tsm (from 6.7; services of an SVSM from 6.10).
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <string>

#include "attestation/issue/hardware_reports.h"
#include "base/random.h"
#include "base/status.h"

namespace kedge {

inline constexpr char kTsmReportFolder[] = "/sys/kernel/config/tsm/report";
// What the kernel lets a provider return at most, and what we take of the certificates.
inline constexpr size_t kMaxTsmBlob = 32 * 1024;
inline constexpr size_t kMaxTsmAuxiliaryBlob = 128 * 1024;

struct TsmOptions {
  std::string folder = kTsmReportFolder;
  int attempts = 5;                                // in all, at least one
  absl::Duration pause = absl::Milliseconds(100);  // before the second; doubles
  std::function<void(absl::Duration)> sleep = {};  // unset: the thread sleeps
};

struct TsmOffer {
  std::string provider;
  bool services = false;  // the provider gives reports of an SVSM's services
};

// Thread-safe: every report has an entry of its own in the folder, removed whatever happens.
class TsmReports final : public HardwareReports {
 public:
  // `random` names the entries; it outlives this object.
  explicit TsmReports(Random& random, TsmOptions options = {});

  // Blocks for as long as the hardware or the host's quoting service takes. Faults:
  // TSM_NOT_AVAILABLE (no configfs-tsm in this kernel, or no provider behind it), TSM_UNSUPPORTED
  // (the provider has no such attribute), TSM_REFUSED (the provider will not make such a report),
  // FILE_TOO_LARGE; TSM_BUSY and TSM_CONFLICT (retry) after `attempts` in vain.
  StatusOr<HardwareReport> Collect(const ReportRequest& request) override;
  // What could be asked for. Faults as above.
  StatusOr<TsmOffer> Offer();

 private:
  template <typename T>
  StatusOr<T> Repeat(const std::function<StatusOr<T>()>& attempt);

  Random& random_;
  const TsmOptions options_;
};

}  // namespace kedge
