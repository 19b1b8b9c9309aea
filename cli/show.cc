#include "cli/show.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

namespace kedge::cli {

nlohmann::ordered_json MachineJson(const client::SeenService& service) {
  return {{"node", service.node},
          {"phase", service.phase},
          {"image", service.appraisal.image},
          {"boot_phase", service.appraisal.phase},
          {"identity_kind", std::string(ToString(service.ek.identity.kind))},
          {"identity", ToHex(service.ek.identity.value)},
          {"host_controlled", service.appraisal.level == EvidenceLevel::kHostVtpm},
          {"tpm_root", service.ek.root_name},
          {"evidence_level", std::string(ToString(service.appraisal.level))},
          {"not_confidential", service.appraisal.level == EvidenceLevel::kHostVtpm},
          {"verdict", service.appraisal.verdict.trusted() ? "trusted" : "refused"}};
}

std::string DescribeMachine(const client::SeenService& service) {
  const bool host = service.appraisal.level == EvidenceLevel::kHostVtpm;
  const std::string image =
      service.appraisal.image.empty() ? "an unknown image" : service.appraisal.image;
  return absl::StrCat(image, ", ", std::string(ToString(service.ek.identity.kind)), " ",
                      ToHex(service.ek.identity.value), host ? " (host-controlled)" : "",
                      ", certified by ", service.ek.root_name);
}

std::string DescribeUpdate(const client::UpdateRow& update) {
  std::string out =
      absl::StrCat("generation ", update.generation, ", manifest ", update.manifest_digest, ": ",
                   update.approved.size(), " of ", update.needed, " approvals (",
                   absl::StrJoin(update.approved, ", "), ")");
  if (update.approved.size() < update.needed) {
    absl::StrAppend(&out, "; who could still approve: ", absl::StrJoin(update.missing, ", "));
  }
  return out;
}

std::string ServiceKeyId(ByteView spki) { return ToHex(Sha256(spki)); }

std::string ConfidentialityLine(const client::SeenService& service) {
  const bool host = service.appraisal.level == EvidenceLevel::kHostVtpm;
  return host ? std::string(kNotConfidential) + "\n" : "";
}

}  // namespace kedge::cli
