// What a relying party accepts of a TDX platform and of the TD on it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attestation/parse/intel_collateral.h"
#include "attestation/verify/policy_rule.h"
#include "base/status.h"

namespace kedge {

// Rules for TDATTRIBUTES, by the names of the TDX module's ABI.
struct TdAttributeRules {
  FlagRule debug = FlagRule::kUnset;     // the group TUD: debug and the profiling bits
  FlagRule reserved = FlagRule::kUnset;  // any bit that this verifier has no name for
  FlagRule icssd = FlagRule::kUnset;
  FlagRule lass = FlagRule::kUnset;
  FlagRule sept_ve_disable = FlagRule::kUnset;
  FlagRule migratable = FlagRule::kUnset;
  FlagRule pks = FlagRule::kUnset;
  FlagRule key_locker = FlagRule::kUnset;
  FlagRule tpa = FlagRule::kUnset;
  FlagRule perfmon = FlagRule::kUnset;
};

// XFAM: which bits must be on and which may be.
struct XfamRule {
  uint64_t required = 0;
  uint64_t allowed = 0;  // includes the required ones
  std::string skipped_because;

  bool is_set() const { return (allowed != 0) != !skipped_because.empty(); }
};

// Advisories of the levels that fit, apart from the status: a platform may be up to date and still
// carry one that a relying party wants to know of.
struct AdvisoryRule {
  enum class Default { kUnset, kAccept, kRefuse };
  Default otherwise = Default::kUnset;  // for an advisory that neither list names
  std::vector<std::string> accepted;
  std::vector<std::string> denied;  // wins over `accepted`
};

struct TdxPolicy {
  // Where this is not empty, quotes are accepted without Intel's collateral and nothing is known
  // about the platform's TCB; the words say who decided that.
  std::string collateral_skipped_because;
  // At least one. kRevoked is never accepted, whatever stands here.
  std::vector<TcbStatus> accepted_statuses;
  AdvisoryRule advisories;
  AgeRule tcb_info_age;  // since issueDate; also of the QE identity
  AgeRule pck_crl_age;   // since thisUpdate
  AgeRule root_crl_age;
  // tcbEvaluationDataNumber of TCB info and QE identity: at least; 0 only with a reason.
  uint32_t minimum_tcb_evaluation_number = 0;
  std::string minimum_tcb_evaluation_skipped_because;

  TdAttributeRules td_attributes;
  XfamRule xfam;
  ValueRule mr_td;
  ValueRule rtmr[4];
  ValueRule mr_config_id;
  ValueRule mr_owner;
  ValueRule mr_owner_config;
  ValueRule mr_seam;
  ValueRule mr_signer_seam;
  ValueRule seam_attributes;
  ValueRule mr_service_td;  // only quotes of the 1.5 form say it; others count as all zero

  ListRule fmspc;
  ListRule ppid;
  ListRule platform_instance;
  // Flags of the PCK: unknown on platforms of the Processor CA.
  FlagRule smt = FlagRule::kUnset;
  FlagRule dynamic_platform = FlagRule::kUnset;
  FlagRule cached_keys = FlagRule::kUnset;
};

// Every field that has no rule, all of them at once. Fault POLICY_INCOMPLETE.
Status CheckComplete(const TdxPolicy& policy);

// Kedge's own choice for the platform, of the date below; MRTD, RTMRs and the other identities of
// the TD are skipped with `no_reference_values` as the reason: the caller puts its own there.
inline constexpr std::string_view kDefaultTdxPolicyDate = "2026-11-24";
TdxPolicy DefaultTdxPolicy(std::string no_reference_values);

}  // namespace kedge
