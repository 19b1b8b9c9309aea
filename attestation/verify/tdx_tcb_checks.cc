#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "attestation/verify/tdx_checks.h"

namespace kedge {
namespace {

bool Holds(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool IsRelaunch(TcbStatus status) {
  return status == TcbStatus::kRelaunchAdvised ||
         status == TcbStatus::kRelaunchAdvisedConfigurationNeeded;
}

struct Part {
  std::string_view name;
  const TcbFinding* finding;
};

std::vector<Part> PartsOf(const TdxTcbFindings& findings) {
  std::vector<Part> out = {{"platform", &findings.platform}};
  if (findings.module) out.push_back({"TDX module", &*findings.module});
  if (findings.qe) out.push_back({"quoting enclave", &*findings.qe});
  return out;
}

// "platform OutOfDate (SGX component 1 (BIOS, Early Microcode Update) is 6, needs 7)" …
std::string Describe(const std::vector<Part>& parts) {
  return absl::StrJoin(parts, "; ", [](std::string* out, const Part& part) {
    absl::StrAppend(out, std::string(part.name), " ", std::string(ToString(part.finding->status)));
    if (part.finding->status != TcbStatus::kUpToDate && !part.finding->gaps.empty()) {
      absl::StrAppend(out, " (", absl::StrJoin(part.finding->gaps, ", "), ")");
    }
  });
}

Judgement Judge(const AdvisoryRule& rule, const std::string& advisory) {
  if (Holds(rule.denied, advisory)) return {false, "none that the policy denies"};
  if (Holds(rule.accepted, advisory)) return {true, "one that the policy accepts"};
  return {rule.accept_others,
          rule.accept_others ? "any that the policy does not deny" : "one that the policy accepts"};
}

// A policy that says nothing fails even where there is no advisory to judge.
void CheckAdvisories(const std::vector<std::string>& advisories,
                     const PolicyField<AdvisoryRule>& rule, CheckList& checks) {
  const auto row = [&](const std::string& actual, const auto& judge) {
    ApplyField(checks, "TCB_ADVISORY", "advisories of the levels", rule, actual, judge);
  };
  if (advisories.empty()) {
    row("none", [](const AdvisoryRule&) { return Judgement{true, "none that the policy denies"}; });
  }
  for (const std::string& advisory : advisories) {
    row(advisory, [&](const AdvisoryRule& value) { return Judge(value, advisory); });
  }
}

bool Accepts(const std::vector<TcbStatus>& accepted, TcbStatus status) {
  return std::find(accepted.begin(), accepted.end(), status) != accepted.end();
}

}  // namespace

void CheckTdxModule(const TdReportBody& td, const TcbInfo& info, CheckList& checks) {
  const uint8_t version = TdxModuleVersion(td.tee_tcb_svn);
  const TdxModule* module = info.module ? &*info.module : nullptr;
  if (version > 0) {
    const TdxModuleIdentity* identity = FindModuleIdentity(info, version);
    module = identity != nullptr ? &identity->module : nullptr;
  }
  checks.Demand("TDX_MODULE", module != nullptr,
                absl::StrCat("TCB info knows the TDX module's version ", version),
                module != nullptr ? "known" : "unknown");
  if (module == nullptr) return;
  checks.DemandEqual("TDX_MODULE", module->mr_signer, td.mr_signer_seam, "MRSIGNERSEAM");
  const auto seam = FromHex(TdxFlagsHex(td.seam_attributes)).value_or(Bytes(8));
  bool same = true;
  for (size_t i = 0; i < seam.size(); ++i) {
    same = same && (seam[i] & module->attributes_mask[i]) ==
                       (module->attributes[i] & module->attributes_mask[i]);
  }
  checks.Demand(
      "TDX_MODULE", same,
      absl::StrCat(ToHex(module->attributes), " under the mask ", ToHex(module->attributes_mask)),
      ToHex(seam), "SEAM attributes");
}

void CheckTcbStatus(const TdxTcbFindings& findings, const TdxPolicy& policy, CheckList& checks) {
  const std::vector<Part> parts = PartsOf(findings);
  const std::string seen = Describe(parts);
  const auto any = [&parts](const auto& predicate) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const Part& part) { return predicate(part.finding->status); });
  };
  const TcbStatus status = findings.converged;
  const bool missing = any([](TcbStatus s) { return s == TcbStatus::kNotSupported; });
  const bool revoked = any([](TcbStatus s) { return s == TcbStatus::kRevoked; });
  // A field that only warns lets everything pass that is not beyond acceptance.
  const auto& rule = policy.accepted_statuses;
  using State = PolicyField<std::vector<TcbStatus>>::State;
  const bool lenient = rule.state() == State::kWarn || rule.state() == State::kSkip;
  const bool accepted =
      !missing && !revoked && (lenient || (rule.has_value() && Accepts(rule.value(), status)));
  checks.Demand("TCB_NOT_SUPPORTED", !missing, "a level for every part", seen);
  checks.Demand("TCB_REVOKED", !revoked, "no part revoked", seen);

  // A row for each thing that is wrong: a failure, or a warning where the policy lives with it.
  const auto row = [&](std::string name, bool wrong, std::string expected) {
    if (!wrong) {
      checks.Pass(std::move(name), std::move(expected), seen);
    } else if (accepted) {
      checks.Warn(std::move(name), std::move(expected), seen, "accepted by the policy");
    } else {
      checks.Fail(std::move(name), std::move(expected), seen);
    }
  };
  row("TCB_OUT_OF_DATE", any(IsOutOfDate), "every part up to date");
  row("TCB_RELAUNCH_ADVISED", IsRelaunch(status), "a TD launched on today's TDX module");
  row("TCB_CONFIGURATION_NEEDED", NeedsConfiguration(status), "a platform configured as advised");
  row("TCB_SW_HARDENING_NEEDED", NeedsSwHardening(status), "no hardening left to software");

  ApplyField(checks, "TCB_STATUS", "platform, TDX module and quoting enclave together", rule,
             std::string(ToString(status)), [&](const std::vector<TcbStatus>& allowed) {
               return Judgement{!missing && !revoked && Accepts(allowed, status),
                                absl::StrJoin(allowed, " or ", [](std::string* out, TcbStatus s) {
                                  absl::StrAppend(out, std::string(ToString(s)));
                                })};
             });
  CheckAdvisories(findings.advisory_ids, policy.advisories, checks);
}

}  // namespace kedge
