// What a refused check means to the operator of the machine: which part of it differs, what to do
// about it, and which rule of a policy would accept it. Pure; speaks of rows as every verifier
// writes them, and of nothing else, so that a verdict can be explained long after it was made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attestation/verify/check_list.h"

namespace kedge {

// How the rule of a policy that a check asks is written (docs/ATTESTATION_POLICY.md).
enum class PolicyRuleKind {
  kNone,        // no rule: no policy accepts this
  kBytes,       // any_of in hex
  kWords,       // any_of of words
  kFlag,        // allow, require, forbid
  kTcbFloors,   // floors of one product
  kVersion,     // at_least "1.55.29"
  kNumber,      // at_least
  kNumbers,     // any_of of numbers
  kDays,        // at_most_days
  kAdvisories,  // accepted and denied
  kAllowBits,   // XFAM
  kDenyList,    // any_of that must not hold the value
  kRequired,    // something that must be there, or a written skip
  kByHand       // a rule without a mechanical change
};

struct Explanation {
  std::string component;    // "SNP firmware and microcode of the host (reported TCB)"
  std::string differences;  // "snp is 8, needs 24"; empty where expected and actual say it all
  std::string remedy;       // what to do, in sentences
  PolicyRuleKind kind = PolicyRuleKind::kNone;
  std::string rule;  // "snp.minimum_reported_tcb"; empty where no rule accepts this
};

// For a row of any result. An unknown name is explained as such: nothing is left unsaid.
Explanation Explain(const Check& check);

// Whether `name` is one of the names that Explain knows.
bool KnowsCheck(std::string_view name);

// What is measured into a register: of a TPM, or (`ccel`) of a TD.
std::string_view RegisterMeaning(bool ccel, uint32_t index);

}  // namespace kedge
