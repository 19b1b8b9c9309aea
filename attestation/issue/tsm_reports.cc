#include "attestation/issue/tsm_reports.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "attestation/issue/tsm_entry.h"

namespace kedge {
namespace {

constexpr char kPrivilegeLevel[] = "privlevel";
constexpr char kPrivilegeFloor[] = "privlevel_floor";

Status Conflict(uint64_t before, uint64_t writes, uint64_t after) {
  return MakeFault(
      StatusCode::kUnavailable, "TSM_CONFLICT", Advice::kRetry,
      absl::StrCat("the generation of our report entry went from ", before, " to ", after, " over ",
                   writes, " writes of ours: somebody else wrote to it, or a write was lost"));
}

// Writes attributes and counts them, because the kernel counts too.
class Writer {
 public:
  explicit Writer(const TsmEntry& entry) : entry_(entry) {}
  Status Text(const std::string& attribute, std::string_view value) {
    return Blob(attribute, AsBytes(value));
  }
  Status Blob(const std::string& attribute, ByteView value) {
    RETURN_IF_ERROR(entry_.Write(attribute, value));
    ++count_;
    return absl::OkStatus();
  }
  uint64_t count() const { return count_; }

 private:
  const TsmEntry& entry_;
  uint64_t count_ = 0;
};

Status WritePrivilegeLevel(const TsmEntry& entry, const ReportRequest& request, Writer& writer) {
  if (request.privilege_level) {
    return writer.Text(kPrivilegeLevel, absl::StrCat(*request.privilege_level));
  }
  // Left alone the kernel asks for level 0, which a guest below an SVSM may not.
  if (request.service || !entry.Has(kPrivilegeFloor)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const uint64_t floor, entry.ReadNumber(kPrivilegeFloor));
  return floor == 0 ? absl::OkStatus() : writer.Text(kPrivilegeLevel, absl::StrCat(floor));
}

Status WriteService(const ReportService& service, Writer& writer) {
  RETURN_IF_ERROR(writer.Text("service_provider", service.provider));
  if (service.guid.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(writer.Text("service_guid", service.guid));
  return writer.Text("service_manifest_version", absl::StrCat(service.manifest_version));
}

StatusOr<HardwareReport> Ask(const TsmEntry& entry, const ReportRequest& request) {
  HardwareReport out;
  ASSIGN_OR_RETURN(out.provider, entry.ReadText("provider"));
  ASSIGN_OR_RETURN(const uint64_t before, entry.ReadNumber("generation"));
  Writer writer(entry);
  RETURN_IF_ERROR(WritePrivilegeLevel(entry, request, writer));
  if (request.service) RETURN_IF_ERROR(WriteService(*request.service, writer));
  RETURN_IF_ERROR(writer.Blob("inblob", request.report_data));
  const StatusOr<Bytes> report = entry.ReadBlob("outblob", kMaxTsmBlob);
  // A lost or foreign write may be why there is no report, and then it is the thing to say.
  if (!report.ok() && IsRetryable(report.status())) return report.status();
  ASSIGN_OR_RETURN(const uint64_t written, entry.ReadNumber("generation"));
  if (written != before + writer.count()) return Conflict(before, writer.count(), written);
  RETURN_IF_ERROR(report.status());
  out.report = *report;
  if (entry.Has("auxblob")) {
    ASSIGN_OR_RETURN(out.auxiliary, entry.ReadBlob("auxblob", kMaxTsmAuxiliaryBlob));
  }
  if (request.service) {
    ASSIGN_OR_RETURN(out.manifest, entry.ReadBlob("manifestblob", kMaxTsmBlob));
  }
  // All parts are of one report only if nothing was written in between.
  ASSIGN_OR_RETURN(const uint64_t after, entry.ReadNumber("generation"));
  if (after != written) return Conflict(before, writer.count(), after);
  if (out.report.empty()) {
    return MakeFault(StatusCode::kFailedPrecondition, "TSM_REFUSED", Advice::kAskOperator,
                     absl::StrCat("the provider ", out.provider, " returned an empty report"));
  }
  return out;
}

// `use` with an entry of its own, which is gone afterwards.
template <typename T, typename Use>
StatusOr<T> WithEntry(const std::string& folder, Random& random, Use use) {
  ASSIGN_OR_RETURN(TsmEntry entry, TsmEntry::Make(folder, random));
  StatusOr<T> out = use(entry);
  const Status removed = entry.Remove();
  return out.ok() && !removed.ok() ? StatusOr<T>(removed) : out;
}

}  // namespace

TsmReports::TsmReports(Random& random, TsmOptions options)
    : random_(random), options_(std::move(options)) {}

template <typename T>
StatusOr<T> TsmReports::Repeat(const std::function<StatusOr<T>()>& attempt) {
  absl::Duration pause = options_.pause;
  for (int left = std::max(options_.attempts, 1) - 1;; --left) {
    StatusOr<T> out = attempt();
    if (out.ok() || left == 0 || !IsRetryable(out.status())) return out;
    options_.sleep ? options_.sleep(pause) : absl::SleepFor(pause);
    pause *= 2;
  }
}

StatusOr<HardwareReport> TsmReports::Collect(const ReportRequest& request) {
  return Repeat<HardwareReport>([&] {
    return WithEntry<HardwareReport>(options_.folder, random_,
                                     [&](const TsmEntry& entry) { return Ask(entry, request); });
  });
}

StatusOr<TsmOffer> TsmReports::Offer() {
  return Repeat<TsmOffer>([&] {
    return WithEntry<TsmOffer>(options_.folder, random_,
                               [](const TsmEntry& entry) -> StatusOr<TsmOffer> {
                                 TsmOffer out;
                                 ASSIGN_OR_RETURN(out.provider, entry.ReadText("provider"));
                                 out.services = entry.Has("service_provider");
                                 return out;
                               });
  });
}

}  // namespace kedge
