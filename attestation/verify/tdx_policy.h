// What a relying party accepts of a TDX platform and of the TD on it.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "attestation/parse/intel_collateral.h"
#include "attestation/verify/policy_field.h"
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
};

// Advisories of the levels that fit, apart from the status: a platform may be up to date and still
// carry one that a relying party wants to know of.
struct AdvisoryRule {
  bool accept_others = false;  // those that neither list names; they are said as warnings
  std::vector<std::string> accepted = {};
  std::vector<std::string> denied = {};  // wins over `accepted`
};

// That Intel's collateral is there and fits: nothing to choose, but who leaves it out says so.
struct CollateralRule {};

struct TdxPolicy {
  // Skipped: nothing is known about revocation and the platform's TCB, and the fields up to
  // minimum_tcb_evaluation_number are not looked at.
  PolicyField<CollateralRule> collateral;
  // kRevoked and kNotSupported are never accepted, whatever stands here.
  PolicyField<std::vector<TcbStatus>> accepted_statuses;
  PolicyField<AdvisoryRule> advisories;
  PolicyField<absl::Duration> tcb_info_age;  // at most, since issueDate; also of the QE identity
  PolicyField<absl::Duration> pck_crl_age;   // since thisUpdate
  PolicyField<absl::Duration> root_crl_age;
  // tcbEvaluationDataNumber of TCB info and QE identity.
  PolicyField<uint32_t> minimum_tcb_evaluation_number;

  TdAttributeRules td_attributes;
  PolicyField<XfamRule> xfam;
  // Any one of each set; an empty set accepts nothing.
  PolicyField<ByteSet> mr_td;  // 48 bytes, as all up to mr_signer_seam
  PolicyField<ByteSet> rtmr[4];
  PolicyField<ByteSet> mr_config_id;
  PolicyField<ByteSet> mr_owner;
  PolicyField<ByteSet> mr_owner_config;
  PolicyField<ByteSet> mr_seam;
  PolicyField<ByteSet> mr_signer_seam;
  PolicyField<ByteSet> seam_attributes;  // 8 bytes, little-endian as in the quote
  PolicyField<ByteSet> mr_service_td;    // 48; only the 1.5 form says it, others count as all zero

  PolicyField<ByteSet> allowed_fmspc;  // 6 bytes
  PolicyField<ByteSet> denied_fmspc;
  PolicyField<ByteSet> allowed_ppid;  // 16
  PolicyField<ByteSet> denied_ppid;
  PolicyField<ByteSet> allowed_platform_instances;  // 16; unknown on platforms of the Processor CA
  PolicyField<ByteSet> denied_platform_instances;
  // Flags of the PCK, unknown there too.
  FlagRule smt = FlagRule::kUnset;
  FlagRule dynamic_platform = FlagRule::kUnset;
  FlagRule cached_keys = FlagRule::kUnset;
};

// Every field that has no rule, all of them at once. Fault POLICY_INCOMPLETE.
Status CheckComplete(const TdxPolicy& policy);

inline constexpr char kTdxDefaultsDate[] = "2026-11-24";

// Everything that is the same for every owner. What only an owner can know (MRTD, RTMRs,
// MRCONFIGID, MROWNER, MROWNERCONFIG) is left unset and must be filled in.
TdxPolicy DefaultTdxPolicy();
// The same with those fields skipped: `by` says who looks at a TD without knowing it.
TdxPolicy AnyTdPolicy(const std::string& by);

}  // namespace kedge
