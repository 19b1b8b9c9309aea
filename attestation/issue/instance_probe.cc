#include "attestation/issue/instance_probe.h"

#include <absl/strings/str_cat.h>

#include <filesystem>
#include <utility>

#include "attestation/issue/sev_guest_reports.h"
#include "attestation/issue/tdx_guest_reports.h"
#include "attestation/parse/hcl.h"
#include "base/host/files.h"

namespace kedge {
namespace {

constexpr size_t kMaxVendor = 4096;

Tee TeeOfProvider(std::string_view provider) {
  if (provider == kSnpProvider) return Tee::kSnp;
  if (provider == kTdxProvider) return Tee::kTdx;
  return Tee::kNone;
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// nullopt where configfs-tsm is not there or nothing is behind it.
StatusOr<std::optional<ReportSource>> OpenTsm(const HardwarePaths& paths, Random& random) {
  auto reports = std::make_unique<TsmReports>(random, TsmOptions{.folder = paths.tsm_folder});
  const StatusOr<TsmOffer> offer = reports->Offer();
  if (!offer.ok()) {
    if (FaultCode(offer.status()) == "TSM_NOT_AVAILABLE") return std::optional<ReportSource>();
    return offer.status();
  }
  const Tee tee = TeeOfProvider(offer->provider);
  if (tee == Tee::kNone) {
    return MakeFault(StatusCode::kFailedPrecondition, "TEE_UNKNOWN", Advice::kAskOperator,
                     absl::StrCat("configfs-tsm gives reports of '", offer->provider,
                                  "', which this program does not know; expected ", kSnpProvider,
                                  " or ", kTdxProvider));
  }
  return std::optional(ReportSource{.tee = tee,
                                    .reports = std::move(reports),
                                    .services = offer->services,
                                    .name = "configfs-tsm"});
}

std::string VendorOf(const HardwarePaths& paths) {
  const StatusOr<Bytes> content = ReadFileBounded(paths.system_vendor, kMaxVendor);
  if (!content.ok()) return "";
  std::string text(AsText(*content));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

StatusOr<Tee> HclReportOf(Tpm& tpm) {
  ASSIGN_OR_RETURN(const Bytes content, tpm.ReadNv(kHclReportNvIndex));
  if (content.empty()) return Tee::kNone;
  // Whatever else somebody keeps there is not Azure's.
  const StatusOr<HclReport> report = ParseHclReport(content);
  if (!report.ok()) return Tee::kNone;
  return report->report_type == HclReportType::kSnp ? Tee::kSnp : Tee::kTdx;
}

StatusOr<bool> HasGoogleAk(Tpm& tpm) {
  for (const uint32_t index : {kGoogleEccAkCertificateNvIndex, kGoogleRsaAkCertificateNvIndex}) {
    ASSIGN_OR_RETURN(const Bytes content, tpm.ReadNv(index));
    if (!content.empty()) return true;
  }
  return false;
}

}  // namespace

StatusOr<ReportSource> OpenReportSource(const HardwarePaths& paths, Random& random) {
  ASSIGN_OR_RETURN(std::optional<ReportSource> tsm, OpenTsm(paths, random));
  if (tsm) return *std::move(tsm);
  if (Exists(paths.sev_guest)) {
    ASSIGN_OR_RETURN(DeviceCall device, OpenGuestDevice(paths.sev_guest));
    return ReportSource{.tee = Tee::kSnp,
                        .reports = std::make_unique<SevGuestReports>(std::move(device)),
                        .services = false,
                        .name = paths.sev_guest};
  }
  if (Exists(paths.tdx_guest)) {
    ASSIGN_OR_RETURN(DeviceCall device, OpenGuestDevice(paths.tdx_guest));
    return ReportSource{
        .tee = Tee::kTdx,
        .reports = std::make_unique<TdxGuestReports>(std::move(device), VsockQuoteService()),
        .services = false,
        .name = paths.tdx_guest};
  }
  return ReportSource{};
}

StatusOr<InstanceFacts> ProbeInstance(const ReportSource& source, Tpm& tpm,
                                      const HardwarePaths& paths) {
  InstanceFacts facts;
  facts.tee = source.tee;
  facts.svsm_services = source.services;
  facts.system_vendor = VendorOf(paths);
  facts.tpm = tpm.ActiveBanks().ok();
  if (!facts.tpm) return facts;
  ASSIGN_OR_RETURN(facts.hcl_report, HclReportOf(tpm));
  ASSIGN_OR_RETURN(facts.google_ak, HasGoogleAk(tpm));
  return facts;
}

}  // namespace kedge
