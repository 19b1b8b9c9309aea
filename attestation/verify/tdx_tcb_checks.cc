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

void CheckAdvisories(const std::vector<std::string>& advisories, const AdvisoryRule& rule,
                     CheckList& checks) {
  for (const std::string& advisory : advisories) {
    if (Holds(rule.denied, advisory)) {
      checks.Fail("TCB_ADVISORY", "none that the policy denies", advisory);
    } else if (Holds(rule.accepted, advisory)) {
      checks.Pass("TCB_ADVISORY", "one that the policy accepts", advisory);
    } else if (rule.otherwise == AdvisoryRule::Default::kAccept) {
      checks.Warn("TCB_ADVISORY", "none", advisory, "accepted by the policy's default");
    } else {
      checks.Fail("TCB_ADVISORY", "one that the policy accepts", advisory);
    }
  }
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
  const bool accepted = !missing && !revoked &&
                        std::find(policy.accepted_statuses.begin(), policy.accepted_statuses.end(),
                                  status) != policy.accepted_statuses.end();
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

  const std::string allowed = absl::StrJoin(
      policy.accepted_statuses, " or ",
      [](std::string* out, TcbStatus s) { absl::StrAppend(out, std::string(ToString(s))); });
  checks.Demand("TCB_STATUS", accepted, allowed, std::string(ToString(status)),
                "platform, TDX module and quoting enclave together");
  CheckAdvisories(findings.advisory_ids, policy.advisories, checks);
}

}  // namespace kedge
