#include "attestation/verify/tdx_policy.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <utility>

namespace kedge {
namespace {

// x87 and SSE, which every TD has, and what the architecture names beyond (Intel SDM volume
// 1, 13.1; TDX module ABI, XFAM): AVX, AVX-512, PT, PKU, PASID, CET, UINTR, LBR, AMX, APX.
constexpr uint64_t kXfamAlwaysOn = 0x3;
constexpr uint64_t kXfamKnown = 0xEDFE7;

class Missing {
 public:
  void Demand(bool good, std::string_view field) {
    if (!good) fields_.emplace_back(field);
  }
  void Demand(FlagRule rule, std::string_view field) { Demand(rule != FlagRule::kUnset, field); }
  template <typename T>
  void Demand(const PolicyField<T>& rule, std::string_view field) {
    Demand(rule.state() != PolicyField<T>::State::kUnset, field);
  }
  Status ToStatus() const {
    if (fields_.empty()) return absl::OkStatus();
    return MakeFault(StatusCode::kInvalidArgument, "POLICY_INCOMPLETE", Advice::kAskOperator,
                     absl::StrCat("TDX policy: no rule for ", absl::StrJoin(fields_, ", "),
                                  ": give a value, or say why the check is skipped"));
  }

 private:
  std::vector<std::string> fields_;
};

void CheckAttributes(const TdAttributeRules& rules, Missing& missing) {
  missing.Demand(rules.debug, "td_attributes.debug");
  missing.Demand(rules.reserved, "td_attributes.reserved");
  missing.Demand(rules.icssd, "td_attributes.icssd");
  missing.Demand(rules.lass, "td_attributes.lass");
  missing.Demand(rules.sept_ve_disable, "td_attributes.sept_ve_disable");
  missing.Demand(rules.migratable, "td_attributes.migratable");
  missing.Demand(rules.pks, "td_attributes.pks");
  missing.Demand(rules.key_locker, "td_attributes.key_locker");
  missing.Demand(rules.tpa, "td_attributes.tpa");
  missing.Demand(rules.perfmon, "td_attributes.perfmon");
}

void CheckCollateral(const TdxPolicy& policy, Missing& missing) {
  missing.Demand(policy.collateral, "collateral");
  // Without collateral there is nothing that these could be about.
  if (policy.collateral.state() == PolicyField<CollateralRule>::State::kSkip) return;
  missing.Demand(policy.accepted_statuses, "accepted_tcb_statuses");
  missing.Demand(policy.advisories, "advisories");
  missing.Demand(policy.tcb_info_age, "tcb_info_age");
  missing.Demand(policy.pck_crl_age, "pck_crl_age");
  missing.Demand(policy.root_crl_age, "root_crl_age");
  missing.Demand(policy.minimum_tcb_evaluation_number, "minimum_tcb_evaluation_number");
}

}  // namespace

Status CheckComplete(const TdxPolicy& policy) {
  Missing missing;
  CheckCollateral(policy, missing);
  CheckAttributes(policy.td_attributes, missing);
  missing.Demand(policy.xfam, "xfam");
  missing.Demand(policy.mr_td, "mr_td");
  for (int i = 0; i < 4; ++i) missing.Demand(policy.rtmr[i], absl::StrCat("rtmr", i));
  missing.Demand(policy.mr_config_id, "mr_config_id");
  missing.Demand(policy.mr_owner, "mr_owner");
  missing.Demand(policy.mr_owner_config, "mr_owner_config");
  missing.Demand(policy.mr_seam, "mr_seam");
  missing.Demand(policy.mr_signer_seam, "mr_signer_seam");
  missing.Demand(policy.seam_attributes, "seam_attributes");
  missing.Demand(policy.mr_service_td, "mr_service_td");
  missing.Demand(policy.allowed_fmspc, "allowed_fmspc");
  missing.Demand(policy.denied_fmspc, "denied_fmspc");
  missing.Demand(policy.allowed_ppid, "allowed_ppid");
  missing.Demand(policy.denied_ppid, "denied_ppid");
  missing.Demand(policy.allowed_platform_instances, "allowed_platform_instances");
  missing.Demand(policy.denied_platform_instances, "denied_platform_instances");
  missing.Demand(policy.smt, "smt");
  missing.Demand(policy.dynamic_platform, "dynamic_platform");
  missing.Demand(policy.cached_keys, "cached_keys");
  return missing.ToStatus();
}

TdxPolicy DefaultTdxPolicy() {
  using Set = PolicyField<ByteSet>;
  using Age = PolicyField<absl::Duration>;
  const std::string by = absl::StrCat("Kedge's defaults of ", kTdxDefaultsDate, ": ");
  const Set any_platform = Set::Skip(by + "every genuine platform");
  const Set none = Set::Enforce({});
  TdxPolicy out;
  out.collateral = PolicyField<CollateralRule>::Enforce({});
  out.accepted_statuses = PolicyField<std::vector<TcbStatus>>::Enforce({TcbStatus::kUpToDate});
  out.advisories = PolicyField<AdvisoryRule>::Enforce({.accept_others = true});
  // Intel renews them every 30 days, the root's list once a year.
  out.tcb_info_age = Age::Enforce(absl::Hours(24 * 31));
  out.pck_crl_age = Age::Enforce(absl::Hours(24 * 31));
  out.root_crl_age = Age::Enforce(absl::Hours(24 * 400));
  // The newest levels of number 18 are of November 2024.
  out.minimum_tcb_evaluation_number = PolicyField<uint32_t>::Enforce(18);
  out.td_attributes = {.debug = FlagRule::kForbid,
                       .reserved = FlagRule::kForbid,
                       .icssd = FlagRule::kForbid,
                       .lass = FlagRule::kAllow,
                       .sept_ve_disable = FlagRule::kRequire,
                       .migratable = FlagRule::kForbid,
                       .pks = FlagRule::kAllow,
                       .key_locker = FlagRule::kAllow,
                       .tpa = FlagRule::kForbid,
                       .perfmon = FlagRule::kForbid};
  out.xfam = PolicyField<XfamRule>::Enforce({kXfamAlwaysOn, kXfamKnown});
  out.mr_seam = Set::Skip(by + "Intel's TCB info judges the module");
  // Zero: signed by Intel, not debuggable; no service TD.
  out.mr_signer_seam = Set::Enforce({Bytes(48, 0)});
  out.seam_attributes = Set::Enforce({Bytes(8, 0)});
  out.mr_service_td = Set::Enforce({Bytes(48, 0)});
  out.allowed_fmspc = any_platform;
  out.denied_fmspc = none;
  out.allowed_ppid = any_platform;
  out.denied_ppid = none;
  out.allowed_platform_instances = any_platform;
  out.denied_platform_instances = none;
  out.smt = FlagRule::kAllow;
  out.dynamic_platform = FlagRule::kAllow;
  out.cached_keys = FlagRule::kAllow;
  return out;
}

TdxPolicy AnyTdPolicy(const std::string& by) {
  using Set = PolicyField<ByteSet>;
  TdxPolicy out = DefaultTdxPolicy();
  for (Set* field : {&out.mr_td, &out.rtmr[0], &out.rtmr[1], &out.rtmr[2], &out.rtmr[3],
                     &out.mr_config_id, &out.mr_owner, &out.mr_owner_config}) {
    *field = Set::Skip(by);
  }
  return out;
}

}  // namespace kedge
