// Reports that the hardware signs about this guest, however the kernel gives them out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// The names of the kernel's drivers say what a report is.
inline constexpr char kSnpProvider[] = "sev_guest";
inline constexpr char kTdxProvider[] = "tdx_guest";

// A report by a service that runs in the guest, above the kernel's own privilege level.
struct ReportService {
  std::string provider = "svsm";
  std::string guid = {};  // "c476f1eb-…"; empty: of all services together
  uint32_t manifest_version = 0;
};

struct ReportRequest {
  ReportData report_data{};
  // The privilege level (SNP: VMPL) that the report is made for; nullopt: the lowest number that
  // the kernel may ask for, and nothing where the hardware knows no levels.
  std::optional<uint32_t> privilege_level = {};
  std::optional<ReportService> service = {};
};

struct HardwareReport {
  std::string provider;  // kSnpProvider, kTdxProvider, or one unknown to us
  Bytes report;          // SNP report or TDX quote
  Bytes auxiliary;       // SNP's certificate table; empty where there is none
  Bytes manifest;        // of the service; empty where none was asked for
};

// Thread-safe. May block for as long as the firmware or the host's quoting service takes.
class HardwareReports {
 public:
  virtual ~HardwareReports() = default;
  virtual StatusOr<HardwareReport> Collect(const ReportRequest& request) = 0;
};

}  // namespace kedge
