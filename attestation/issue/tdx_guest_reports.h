// TDX quotes by the ioctl of /dev/tdx_guest, which gives a TDREPORT, and the host's quoting
// service; for kernels without configfs-tsm.
//
// Source: Linux, include/uapi/linux/tdx-guest.h (from 6.2).
#pragma once

#include <mutex>

#include "attestation/issue/guest_device.h"
#include "attestation/issue/hardware_reports.h"
#include "attestation/issue/quote_service.h"

namespace kedge {

inline constexpr char kTdxGuestDevice[] = "/dev/tdx_guest";

class TdxGuestReports final : public HardwareReports {
 public:
  TdxGuestReports(DeviceCall device, QuoteService quotes)
      : device_(std::move(device)), quotes_(std::move(quotes)) {}

  // Faults as TsmReports, of the quoting service, and QUOTE_MISMATCH where the host answers with a
  // quote about something else. Levels and services are TSM_UNSUPPORTED.
  StatusOr<HardwareReport> Collect(const ReportRequest& request) override;
  // TDREPORT_STRUCT of 1,024 bytes: for this machine's eyes, nobody signed it.
  StatusOr<Bytes> TdReport(const ReportData& report_data);

 private:
  std::mutex mutex_;
  const DeviceCall device_;
  const QuoteService quotes_;
};

}  // namespace kedge
