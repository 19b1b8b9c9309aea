// SNP reports by the ioctls of /dev/sev-guest, for kernels without configfs-tsm.
//
// Source: Linux, include/uapi/linux/sev-guest.h and Documentation/virt/coco/sev-guest.rst (from
// 5.19); AMD SEV-SNP Firmware ABI (56860), MSG_REPORT_RSP.
#pragma once

#include <mutex>

#include "attestation/issue/guest_device.h"
#include "attestation/issue/hardware_reports.h"

namespace kedge {

inline constexpr char kSevGuestDevice[] = "/dev/sev-guest";

// The report inside a MSG_REPORT_RSP: u32 status, u32 size, 24 reserved bytes, the report. What is
// behind it is the buffer's rest. Pure. MALFORMED; where the firmware's status
// says so, TSM_LEVEL or TSM_REFUSED.
StatusOr<Bytes> ParseSnpReportResponse(ByteView response);

class SevGuestReports final : public HardwareReports {
 public:
  explicit SevGuestReports(DeviceCall device) : device_(std::move(device)) {}

  // With the host's certificates where it gives them and they fit into 16 KiB, else without. Faults
  // as TsmReports, TSM_LEVEL, and TSM_KEY_LOST (reboot): after an error the kernel has thrown the
  // guest's key to the firmware away. A service is TSM_UNSUPPORTED: these ioctls know none.
  StatusOr<HardwareReport> Collect(const ReportRequest& request) override;

 private:
  struct Answer;
  Status Ask(const ReportData& report_data, uint32_t level, bool certificates, Answer& out);
  StatusOr<HardwareReport> AskAtLevel(const ReportData& report_data, uint32_t level);

  std::mutex mutex_;
  const DeviceCall device_;
};

}  // namespace kedge
