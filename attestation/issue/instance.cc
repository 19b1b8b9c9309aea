#include "attestation/issue/instance.h"

#include <absl/strings/str_cat.h>

#include <array>

namespace kedge {
namespace {

// In the order in which they are tried: what is more particular comes first.
constexpr std::array<InstanceKind, 8> kKinds = {
    InstanceKind::kAzureSnp, InstanceKind::kAzureTdx, InstanceKind::kSvsm, InstanceKind::kGcp,
    InstanceKind::kAws,      InstanceKind::kSnp,      InstanceKind::kTdx,  InstanceKind::kTpmOnly};

constexpr std::string_view kGoogle = "Google";
constexpr std::string_view kAmazon = "Amazon EC2";

// Why this is such an instance; empty: it is none. `named`: the owner named the kind, so the
// vendor's name is not needed.
std::string ReasonFor(InstanceKind kind, const InstanceFacts& facts, bool named) {
  switch (kind) {
    case InstanceKind::kAzureSnp:
      return facts.hcl_report == Tee::kSnp ? "the TPM holds an HCL report of SNP" : "";
    case InstanceKind::kAzureTdx:
      return facts.hcl_report == Tee::kTdx ? "the TPM holds an HCL report of TDX" : "";
    case InstanceKind::kSvsm:
      return facts.tee == Tee::kSnp && facts.svsm_services && facts.tpm
                 ? "the kernel offers reports of an SVSM's services"
                 : "";
    case InstanceKind::kGcp:
      // The vendor alone is the host's word and gives nothing to collect.
      return facts.google_ak && (named || facts.system_vendor == kGoogle)
                 ? "the TPM holds an AK certificate of Google's"
                 : "";
    case InstanceKind::kAws:
      return facts.tee == Tee::kSnp && facts.tpm && (named || facts.system_vendor == kAmazon)
                 ? "SNP reports beside a TPM on EC2"
                 : "";
    case InstanceKind::kSnp:
      return facts.tee == Tee::kSnp ? "the kernel gives SNP reports" : "";
    case InstanceKind::kTdx:
      return facts.tee == Tee::kTdx ? "the kernel gives TDX quotes" : "";
    case InstanceKind::kTpmOnly:
      return facts.tpm ? (named ? "a TPM" : "a TPM and no TEE") : "";
  }
  return "";
}

Tee TeeOf(InstanceKind kind, const InstanceFacts& facts) {
  switch (kind) {
    case InstanceKind::kAzureSnp:
    case InstanceKind::kAzureTdx:
      return facts.hcl_report;
    case InstanceKind::kTpmOnly:
      return Tee::kNone;
    default:
      return facts.tee;
  }
}

Instance Make(InstanceKind kind, const InstanceFacts& facts, std::string reason) {
  return {.kind = kind, .tee = TeeOf(kind, facts), .tpm = facts.tpm, .reason = std::move(reason)};
}

}  // namespace

std::string_view ToString(InstanceKind kind) {
  switch (kind) {
    case InstanceKind::kSnp:
      return "snp";
    case InstanceKind::kTdx:
      return "tdx";
    case InstanceKind::kAzureSnp:
      return "azure-snp";
    case InstanceKind::kAzureTdx:
      return "azure-tdx";
    case InstanceKind::kGcp:
      return "gcp";
    case InstanceKind::kAws:
      return "aws";
    case InstanceKind::kSvsm:
      return "svsm";
    case InstanceKind::kTpmOnly:
      return "tpm-only";
  }
  return "unknown";
}

StatusOr<InstanceKind> ParseInstanceKind(std::string_view text) {
  std::string names;
  for (InstanceKind kind : kKinds) {
    if (ToString(kind) == text) return kind;
    absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(ToString(kind)));
  }
  return MakeError(
      StatusCode::kInvalidArgument,
      absl::StrCat("unknown kind of instance '", std::string(text), "'; known: ", names));
}

StatusOr<Instance> ClassifyInstance(const InstanceFacts& facts,
                                    std::optional<InstanceKind> forced) {
  if (forced) {
    std::string reason = ReasonFor(*forced, facts, /*named=*/true);
    if (!reason.empty()) return Make(*forced, facts, absl::StrCat("as told; ", reason));
    return MakeFault(
        StatusCode::kFailedPrecondition, "INSTANCE_KIND", Advice::kAskOperator,
        absl::StrCat("this machine is told to be '", std::string(ToString(*forced)),
                     "', but what that needs is not here: TEE ", std::string(ToString(facts.tee)),
                     ", TPM ", facts.tpm ? "yes" : "no", ", HCL report ",
                     std::string(ToString(facts.hcl_report)), ", Google AK ",
                     facts.google_ak ? "yes" : "no", ", SVSM ", facts.svsm_services ? "yes" : "no",
                     "; leave the kind out to have it found"));
  }
  for (InstanceKind kind : kKinds) {
    std::string reason = ReasonFor(kind, facts, /*named=*/false);
    if (!reason.empty()) return Make(kind, facts, std::move(reason));
  }
  return MakeFault(StatusCode::kFailedPrecondition, "NO_EVIDENCE", Advice::kAskOperator,
                   "this machine has neither a TPM nor a TEE that gives reports; expected at least "
                   "one: load tpm_crb or tpm_tis, sev-guest or tdx-guest");
}

bool HasOwnReports(const Instance& instance) {
  const bool paravisor =
      instance.kind == InstanceKind::kAzureSnp || instance.kind == InstanceKind::kAzureTdx;
  return instance.tpm && instance.tee != Tee::kNone && !paravisor;
}

EvidenceLevel StrongestLevel(const Instance& instance) {
  return HasOwnReports(instance) ? EvidenceLevel::kTeeMeasured : EvidenceLevel::kHostVtpm;
}

std::string Describe(const Instance& instance) {
  return absl::StrCat(std::string(ToString(instance.kind)), " (",
                      std::string(ToString(instance.tee)), instance.tpm ? ", TPM" : "",
                      "): ", instance.reason);
}

}  // namespace kedge
