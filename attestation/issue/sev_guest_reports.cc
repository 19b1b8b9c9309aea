#include "attestation/issue/sev_guest_reports.h"

#include <absl/strings/str_cat.h>
#include <linux/ioctl.h>
#include <linux/sev-guest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "attestation/parse/snp_report.h"
#include "base/reader.h"

namespace kedge {
namespace {

constexpr uint32_t kCertificateSpace =
    16 * 1024;  // SEV_FW_BLOB_MAX_SIZE: all that the kernel takes
constexpr uint32_t kMaxLevel = 3;
constexpr uint8_t kMessageVersion = 1;
// Status of MSG_REPORT_RSP (56860, table "MSG_REPORT_RSP Message Structure").
constexpr uint32_t kInvalidParameters = 0x16;
constexpr uint32_t kInvalidKey = 0x27;
constexpr size_t kReserved = 24;

Status RefusedByFirmware(std::string_view why) {
  return MakeFault(StatusCode::kFailedPrecondition, "TSM_REFUSED", Advice::kAskOperator,
                   absl::StrCat("the SNP firmware made no report: ", std::string(why)));
}

Status FromErrno(int error, const snp_guest_request_ioctl& call) {
  const std::string what =
      absl::StrCat("/dev/sev-guest gave no report: ", std::strerror(error), ", firmware error ",
                   call.fw_error, ", host error ", call.vmm_error);
  // ENOTTY: the kernel has no VM communication key any more, or never had this ioctl.
  if (error == ENOTTY) {
    return MakeFault(StatusCode::kFailedPrecondition, "TSM_KEY_LOST", Advice::kReboot,
                     absl::StrCat(what,
                                  "; after an error the kernel uses the guest's key to the "
                                  "firmware no more: reboot"));
  }
  if (error == EINTR || error == EAGAIN || error == EBUSY) {
    return MakeFault(StatusCode::kUnavailable, "TSM_BUSY", Advice::kRetry,
                     absl::StrCat(what, "; try again"));
  }
  return RefusedByFirmware(absl::StrCat(what, "; see the kernel log"));
}

}  // namespace

struct SevGuestReports::Answer {
  Bytes response;
  Bytes certificates;
  bool no_room = false;  // for the certificates
};

StatusOr<Bytes> ParseSnpReportResponse(ByteView response) {
  Reader reader(response);
  ASSIGN_OR_RETURN(const uint32_t status, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t size, reader.U32Le());
  RETURN_IF_ERROR(reader.Skip(kReserved));
  if (status == kInvalidParameters) {
    return MakeFault(StatusCode::kFailedPrecondition, "TSM_LEVEL", Advice::kAskOperator,
                     "the SNP firmware made no report: invalid parameters; expected a VMPL at or "
                     "below the guest's own privilege");
  }
  if (status == kInvalidKey) {
    return RefusedByFirmware("invalid key; the host has no VCEK or VLEK to sign with");
  }
  if (status != 0) return RefusedByFirmware(absl::StrCat("status 0x", absl::Hex(status)));
  if (size != kSnpReportSize) {
    return Malformed(absl::StrCat("an SNP report of ", size, " bytes, expected ", kSnpReportSize));
  }
  ASSIGN_OR_RETURN(const ByteView report, reader.Take(size));
  return ToBytes(report);
}

Status SevGuestReports::Ask(const ReportData& report_data, uint32_t level, bool certificates,
                            Answer& out) {
  snp_ext_report_req request{};
  std::copy(report_data.begin(), report_data.end(), request.data.user_data);
  request.data.vmpl = level;
  snp_report_resp response{};
  out.certificates.assign(certificates ? kCertificateSpace : 0, 0);
  if (certificates) {
    request.certs_address = reinterpret_cast<uint64_t>(out.certificates.data());
    request.certs_len = kCertificateSpace;
  }
  snp_guest_request_ioctl call{};
  call.msg_version = kMessageVersion;
  // snp_report_req is the first field of the extended request.
  call.req_data = reinterpret_cast<uint64_t>(&request);
  call.resp_data = reinterpret_cast<uint64_t>(&response);
  const int error = device_(certificates ? SNP_GET_EXT_REPORT : SNP_GET_REPORT, &call);
  out.no_room = error != 0 && certificates && call.vmm_error == SNP_GUEST_VMM_ERR_INVALID_LEN;
  if (out.no_room) return absl::OkStatus();
  if (error != 0) return FromErrno(error, call);
  out.response.assign(response.data, response.data + sizeof(response.data));
  return absl::OkStatus();
}

StatusOr<HardwareReport> SevGuestReports::AskAtLevel(const ReportData& report_data,
                                                     uint32_t level) {
  Answer answer;
  RETURN_IF_ERROR(Ask(report_data, level, /*certificates=*/true, answer));
  if (answer.no_room) {
    RETURN_IF_ERROR(Ask(report_data, level, /*certificates=*/false, answer));
  }
  HardwareReport out;
  out.provider = kSnpProvider;
  ASSIGN_OR_RETURN(out.report, ParseSnpReportResponse(answer.response));
  out.auxiliary = std::move(answer.certificates);
  return out;
}

StatusOr<HardwareReport> SevGuestReports::Collect(const ReportRequest& request) {
  if (request.service) {
    return MakeFault(StatusCode::kFailedPrecondition, "TSM_UNSUPPORTED", Advice::kAskOperator,
                     "/dev/sev-guest gives no reports of services; they take configfs-tsm of Linux "
                     "6.10");
  }
  const std::lock_guard lock(mutex_);
  if (request.privilege_level) return AskAtLevel(request.report_data, *request.privilege_level);
  // The device does not say at which level the guest runs; the firmware refuses those above it.
  for (uint32_t level = 0;; ++level) {
    StatusOr<HardwareReport> out = AskAtLevel(request.report_data, level);
    if (level == kMaxLevel || out.ok() || FaultCode(out.status()) != "TSM_LEVEL") return out;
  }
}

}  // namespace kedge
