// What is different between the evidence of two verdicts: the last good one, and the one to be
// explained. Claims are compared by name, event logs event by event.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kedge::cli {

struct ClaimChange {
  std::string component;  // for people: "PCR 11, event 57 EV_IPL '.cmdline'"
  std::string path;       // in the claims: "event_log.events[57]", "reported_tcb.snp"
  std::string before;     // "none" where it was not there
  std::string after;
};

// At most kMaxClaimChanges, most telling first: values, then events. What is new in every piece of
// evidence (nonces, clocks, one-time keys and ids) is left out.
inline constexpr size_t kMaxClaimChanges = 200;
std::vector<ClaimChange> CompareClaims(const nlohmann::ordered_json& good,
                                       const nlohmann::ordered_json& now);

}  // namespace kedge::cli
