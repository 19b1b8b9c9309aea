#include "attestation/verify/policy_rule.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

namespace kedge {
namespace {

constexpr char kNotStated[] = "not stated";

bool Holds(const std::vector<Bytes>& list, ByteView value) {
  return std::any_of(list.begin(), list.end(),
                     [value](const Bytes& entry) { return Equal(entry, value); });
}

std::string Shown(const std::vector<Bytes>& list) {
  return absl::StrJoin(list, " or ", [](std::string* out, const Bytes& entry) {
    absl::StrAppend(out, ToHex(entry));
  });
}

}  // namespace

std::string_view ToString(FlagRule rule) {
  switch (rule) {
    case FlagRule::kAllow:
      return "allow";
    case FlagRule::kRequire:
      return "require";
    case FlagRule::kForbid:
      return "forbid";
    case FlagRule::kRequireWhereStated:
      return "require-where-stated";
    case FlagRule::kUnset:
      break;
  }
  return "unset";
}

void CheckFlag(FlagRule rule, std::optional<bool> value, std::string name, std::string what,
               CheckList& checks) {
  const std::string actual = !value ? kNotStated : *value ? "on" : "off";
  switch (rule) {
    case FlagRule::kAllow:
      checks.Pass(std::move(name), "on or off", actual, std::move(what));
      return;
    case FlagRule::kRequire:
      checks.Demand(std::move(name), value == true, "on", actual, std::move(what));
      return;
    case FlagRule::kForbid:
      checks.Demand(std::move(name), value == false, "off", actual, std::move(what));
      return;
    case FlagRule::kRequireWhereStated:
      checks.Demand(std::move(name), value != false, "on where stated", actual, std::move(what));
      return;
    case FlagRule::kUnset:
      break;
  }
  checks.Fail(std::move(name), "a rule in the policy", "none", std::move(what));
}

void CheckAllowed(const PolicyField<ByteSet>& allowed, const std::optional<Bytes>& value,
                  const char* name, const std::string& what, CheckList& checks) {
  const std::string actual = value ? ToHex(*value) : kNotStated;
  ApplyField(checks, name, what, allowed, actual, [&](const ByteSet& set) {
    return Judgement{value && Holds(set, *value), set.empty() ? "nothing is allowed" : Shown(set)};
  });
}

void CheckDenied(const PolicyField<ByteSet>& denied, const std::optional<Bytes>& value,
                 const char* name, const std::string& what, CheckList& checks) {
  const std::string actual = value ? ToHex(*value) : kNotStated;
  ApplyField(checks, name, what, denied, actual, [&](const ByteSet& set) {
    return Judgement{set.empty() || (value && !Holds(set, *value)),
                     absl::StrCat("none of ", set.size(), " that are denied")};
  });
}

}  // namespace kedge
