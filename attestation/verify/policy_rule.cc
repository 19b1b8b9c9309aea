#include "attestation/verify/policy_rule.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <utility>

namespace kedge {
namespace {

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
  const std::string actual = !value ? "not stated" : *value ? "on" : "off";
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

void CheckValue(const ValueRule& rule, ByteView value, std::string name, std::string what,
                CheckList& checks) {
  if (rule.is_skipped()) {
    checks.Skip(std::move(name), rule.skipped_because,
                what.empty() ? ToHex(value) : absl::StrCat(what, " ", ToHex(value)));
    return;
  }
  if (!rule.is_set()) {
    checks.Fail(std::move(name), "a rule in the policy", "none, or two", std::move(what));
    return;
  }
  checks.Demand(std::move(name), Holds(rule.any_of, value), Shown(rule.any_of), ToHex(value),
                std::move(what));
}

void CheckListed(const ListRule& rule, const std::optional<Bytes>& value, std::string name,
                 std::string what, CheckList& checks) {
  if (value && Holds(rule.denied, *value)) {
    checks.Fail(std::move(name), "none that the policy denies", ToHex(*value), std::move(what));
    return;
  }
  // Neither list can be kept where the evidence does not say what they are about.
  if (!value && !(rule.allowed.is_skipped() && rule.denied.empty())) {
    checks.Fail(std::move(name), "a value to hold against the policy", "not stated",
                std::move(what));
    return;
  }
  CheckValue(rule.allowed, value.value_or(Bytes()), std::move(name), std::move(what), checks);
}

}  // namespace kedge
