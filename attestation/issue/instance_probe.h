// Finds out what this machine has for making evidence (instance.h decides what that means), and
// opens the source of its hardware reports.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "attestation/issue/hardware_reports.h"
#include "attestation/issue/instance.h"
#include "attestation/issue/tsm_reports.h"
#include "attestation/model/tpm.h"
#include "base/random.h"

namespace kedge {

struct HardwarePaths {
  std::string tsm_folder = kTsmReportFolder;
  std::string sev_guest = "/dev/sev-guest";
  std::string tdx_guest = "/dev/tdx_guest";
  std::string system_vendor = "/sys/class/dmi/id/sys_vendor";
};

struct ReportSource {
  Tee tee = Tee::kNone;
  std::unique_ptr<HardwareReports> reports;  // null where there is no TEE
  bool services = false;                     // configfs-tsm offers those of an SVSM
  std::string name;                          // "configfs-tsm", "/dev/sev-guest", …
};
// configfs-tsm where a provider is behind it, else the device of one of the drivers, else nothing.
// An error other than their absence is passed on: a TEE that cannot be asked is not none. `random`
// outlives the source.
StatusOr<ReportSource> OpenReportSource(const HardwarePaths& paths, Random& random);

// What ClassifyInstance wants to know. A TPM that does not answer is none.
StatusOr<InstanceFacts> ProbeInstance(const ReportSource& source, Tpm& tpm,
                                      const HardwarePaths& paths);

}  // namespace kedge
