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
  void Demand(const ValueRule& rule, std::string_view field) { Demand(rule.is_set(), field); }
  Status ToStatus() const {
    if (fields_.empty()) return absl::OkStatus();
    return MakeFault(StatusCode::kInvalidArgument, "POLICY_INCOMPLETE", Advice::kAskOperator,
                     absl::StrCat("TDX policy: no rule, or two, for ", absl::StrJoin(fields_, ", "),
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
  // Without collateral there is nothing that these could be about.
  if (!policy.collateral_skipped_because.empty()) return;
  missing.Demand(!policy.accepted_statuses.empty(), "accepted_tcb_statuses");
  missing.Demand(policy.advisories.otherwise != AdvisoryRule::Default::kUnset,
                 "advisories.otherwise");
  missing.Demand(policy.tcb_info_age.is_set(), "tcb_info_age");
  missing.Demand(policy.pck_crl_age.is_set(), "pck_crl_age");
  missing.Demand(policy.root_crl_age.is_set(), "root_crl_age");
  missing.Demand((policy.minimum_tcb_evaluation_number > 0) !=
                     !policy.minimum_tcb_evaluation_skipped_because.empty(),
                 "minimum_tcb_evaluation_number");
}

}  // namespace

Status CheckComplete(const TdxPolicy& policy) {
  Missing missing;
  CheckCollateral(policy, missing);
  CheckAttributes(policy.td_attributes, missing);
  missing.Demand(policy.xfam.is_set(), "xfam");
  missing.Demand(policy.mr_td, "mr_td");
  for (int i = 0; i < 4; ++i) missing.Demand(policy.rtmr[i], absl::StrCat("rtmr", i));
  missing.Demand(policy.mr_config_id, "mr_config_id");
  missing.Demand(policy.mr_owner, "mr_owner");
  missing.Demand(policy.mr_owner_config, "mr_owner_config");
  missing.Demand(policy.mr_seam, "mr_seam");
  missing.Demand(policy.mr_signer_seam, "mr_signer_seam");
  missing.Demand(policy.seam_attributes, "seam_attributes");
  missing.Demand(policy.mr_service_td, "mr_service_td");
  missing.Demand(policy.fmspc.allowed, "fmspc.allowed");
  missing.Demand(policy.ppid.allowed, "ppid.allowed");
  missing.Demand(policy.platform_instance.allowed, "platform_instance.allowed");
  missing.Demand(policy.smt, "smt");
  missing.Demand(policy.dynamic_platform, "dynamic_platform");
  missing.Demand(policy.cached_keys, "cached_keys");
  return missing.ToStatus();
}

TdxPolicy DefaultTdxPolicy(std::string no_reference_values) {
  const std::string by_default =
      absl::StrCat("Kedge's default of ", std::string(kDefaultTdxPolicyDate));
  const ValueRule no_values = ValueRule::Skip(std::move(no_reference_values));
  const ValueRule any_platform = ValueRule::Skip(by_default + ": every genuine platform");
  TdxPolicy out;
  out.accepted_statuses = {TcbStatus::kUpToDate};
  out.advisories.otherwise = AdvisoryRule::Default::kAccept;
  // Intel renews them every 30 days, the root's list once a year.
  out.tcb_info_age.at_most = absl::Hours(24 * 31);
  out.pck_crl_age.at_most = absl::Hours(24 * 31);
  out.root_crl_age.at_most = absl::Hours(24 * 400);
  // The newest levels of number 18 are of November 2024.
  out.minimum_tcb_evaluation_number = 18;
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
  out.xfam = {kXfamAlwaysOn, kXfamKnown, ""};
  out.mr_td = no_values;
  for (ValueRule& rtmr : out.rtmr) rtmr = no_values;
  out.mr_config_id = no_values;
  out.mr_owner = no_values;
  out.mr_owner_config = no_values;
  out.mr_seam = ValueRule::Skip(by_default + ": Intel's TCB info judges the module");
  // Zero: signed by Intel, not debuggable.
  out.mr_signer_seam.any_of = {Bytes(48, 0)};
  out.seam_attributes.any_of = {Bytes(8, 0)};
  out.mr_service_td.any_of = {Bytes(48, 0)};
  out.fmspc.allowed = any_platform;
  out.ppid.allowed = any_platform;
  out.platform_instance.allowed = any_platform;
  out.smt = FlagRule::kAllow;
  out.dynamic_platform = FlagRule::kAllow;
  out.cached_keys = FlagRule::kAllow;
  return out;
}

}  // namespace kedge
