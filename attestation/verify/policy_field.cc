#include "attestation/verify/policy_field.h"

namespace kedge {

std::string_view ToString(BitRule rule) {
  switch (rule) {
    case BitRule::kUnset:
      return "unset";
    case BitRule::kAllow:
      return "allow";
    case BitRule::kRequire:
      return "require";
    case BitRule::kForbid:
      return "forbid";
    case BitRule::kRequireWhereReported:
      return "require-where-reported";
  }
  return "unset";
}

void ApplyBit(CheckList& list, const char* name, const std::string& field, BitRule rule, bool set,
              bool reported) {
  const std::string actual = !reported ? "not reported by this firmware" : set ? "set" : "not set";
  switch (rule) {
    case BitRule::kUnset:
      list.Fail(name, "allow, require or forbid in the policy", "the policy leaves it unset",
                field);
      return;
    case BitRule::kAllow:
      list.Skip(name, "policy: " + field + " = allow", actual);
      return;
    case BitRule::kRequire:
      list.Demand(name, reported && set, "set", actual, field);
      return;
    case BitRule::kForbid:
      list.Demand(name, !set, "not set", actual, field);
      return;
    case BitRule::kRequireWhereReported:
      if (reported) {
        list.Demand(name, set, "set", actual, field);
      } else {
        list.Skip(name, "policy: " + field + " = require-where-reported", actual);
      }
      return;
  }
}

}  // namespace kedge
