#include "cli/policy_change.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <utility>

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

// The member at "snp.guest_policy.smt", made where it is not there.
ordered_json& At(ordered_json& root, const std::string& path) {
  ordered_json* out = &root;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(path, '.'))) {
    out = &(*out)[name];
  }
  return *out;
}

void AddOnce(ordered_json& list, ordered_json value) {
  if (!list.is_array()) list = ordered_json::array();
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

// What is there now: "on", "enabled" … The least that lets it pass is to not look at it, except
// where only one of the two can be meant.
std::string FlagFor(const std::string& rule, const std::string& actual) {
  if (rule == "tpm.secure_boot") return actual == "disabled" ? "forbid" : "allow";
  return "allow";
}

// "bl 4, tee 0, snp 8, ucode 115" as a floor of `product`; false where it is no such text.
bool AddFloor(ordered_json& rule, const std::string& actual, const std::string& product) {
  ordered_json floor = {{"product", product}};
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(actual, ", "))) {
    const std::vector<std::string> words = absl::StrSplit(part, ' ');
    int number = 0;
    if (words.size() != 2 || !absl::SimpleAtoi(words[1], &number)) return false;
    floor[words[0]] = number;
  }
  AddOnce(rule["floors"], std::move(floor));
  return true;
}

class Maker {
 public:
  explicit Maker(const ordered_json& claims) : claims_(claims) {}

  void Add(const Check& check) {
    const Explanation why = Explain(check);
    const std::string what = absl::StrCat(check.name, ": ", why.component);
    if (check.result == CheckResult::kMalformed || why.rule.empty()) {
      out_.beyond.push_back(what);
    } else if (!AddRule(check, why)) {
      out_.by_hand.push_back(absl::StrCat(what, " - decide about the rule '", why.rule, "'"));
    }
  }
  PolicyChange Take() && { return std::move(out_); }

 private:
  bool AddRule(const Check& check, const Explanation& why) {
    ordered_json& rules = out_.rules;
    const auto rule = [&]() -> ordered_json& { return At(rules, why.rule); };
    uint64_t number = 0;
    switch (why.kind) {
      case PolicyRuleKind::kBytes:
        if (why.rule == "tpm.pcrs") return AddPcr(check);
        if (check.actual.empty() ||
            check.actual.find_first_not_of("0123456789abcdef") != std::string::npos) {
          return false;
        }
        AddOnce(rule()["any_of"], check.actual);
        return true;
      case PolicyRuleKind::kWords:
        // Rows of one part give the parts' words; the row TCB_STATUS gives the one that counts.
        if (why.rule == "tdx.accepted_tcb_statuses" && check.name != "TCB_STATUS") return true;
        if (check.actual.find(' ') != std::string::npos) return false;
        AddOnce(rule()["any_of"], check.actual);
        return true;
      case PolicyRuleKind::kFlag:
        rule() = FlagFor(why.rule, check.actual);
        return true;
      case PolicyRuleKind::kTcbFloors: {
        const auto product = claims_.find("product");
        return product != claims_.end() && product->is_string() &&
               AddFloor(rule(), check.actual, product->get<std::string>());
      }
      case PolicyRuleKind::kVersion:
        rule()["at_least"] = check.actual;
        return true;
      case PolicyRuleKind::kNumber:
        if (!absl::SimpleAtoi(check.actual, &number)) return false;
        rule()["at_least"] = number;
        return true;
      case PolicyRuleKind::kNumbers:
        if (!absl::SimpleAtoi(check.actual, &number)) return false;
        AddOnce(rule()["any_of"], number);
        return true;
      case PolicyRuleKind::kDays:
        return AddDays(check.actual, rule());
      case PolicyRuleKind::kAdvisories:
        AddOnce(rule()["accepted"], check.actual);
        return true;
      case PolicyRuleKind::kNone:
      case PolicyRuleKind::kAllowBits:
      case PolicyRuleKind::kDenyList:
      case PolicyRuleKind::kRequired:
      case PolicyRuleKind::kByHand:
        break;
    }
    return false;
  }

  // "870 hours" in whole days, rounded up.
  static bool AddDays(const std::string& actual, ordered_json& rule) {
    uint64_t hours = 0;
    const std::vector<std::string> words = absl::StrSplit(actual, ' ');
    if (words.size() != 2 || words[1] != "hours" || !absl::SimpleAtoi(words[0], &hours)) {
      return false;
    }
    const uint64_t days = hours / 24 + 1;
    const auto before = rule.find("at_most_days");
    if (before == rule.end() || before->get<uint64_t>() < days) rule["at_most_days"] = days;
    return true;
  }

  // The reason is "PCR 7 sha256".
  bool AddPcr(const Check& check) {
    const std::vector<std::string> words = absl::StrSplit(check.reason, ' ');
    uint32_t index = 0;
    if (words.size() != 3 || words[0] != "PCR" || !absl::SimpleAtoi(words[1], &index) ||
        check.actual == "no value") {
      return false;
    }
    AddOnce(At(out_.rules, "tpm.pcrs"), {{"bank", words[2]},
                                         {"pcr", index},
                                         {"accepted", {check.actual}},
                                         {"enforcement", "enforce"}});
    return true;
  }

  const ordered_json& claims_;
  PolicyChange out_;
};

}  // namespace

PolicyChange ChangeToAccept(const std::vector<Check>& failed, const ordered_json& claims) {
  Maker maker(claims);
  for (const Check& check : failed) maker.Add(check);
  return std::move(maker).Take();
}

}  // namespace kedge::cli
