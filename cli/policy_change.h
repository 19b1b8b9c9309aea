// The change of an attestation policy that would accept what a check refused, as the JSON that an
// owner merges into the file (docs/ATTESTATION_POLICY.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attestation/verify/explain.h"

namespace kedge::cli {

struct PolicyChange {
  nlohmann::ordered_json rules = nlohmann::ordered_json::object();
  // What no file can say: refused by no rule, or a decision that needs words.
  std::vector<std::string> by_hand;
  // Refusals that no policy lifts; with one of them the change does not help.
  std::vector<std::string> beyond;
};

// For the rows that failed. `claims` gives what a row does not say: the product of a TCB.
PolicyChange ChangeToAccept(const std::vector<Check>& failed, const nlohmann::ordered_json& claims);

}  // namespace kedge::cli
