#include "attestation/verify/policy_rule.h"

#include <gtest/gtest.h>

namespace kedge {
namespace {

CheckResult Flag(FlagRule rule, std::optional<bool> value) {
  CheckList checks;
  CheckFlag(rule, value, "FLAG", "", checks);
  return checks.checks().at(0).result;
}

TEST(FlagRule, SaysWhatItTakes) {
  const std::optional<bool> none;
  EXPECT_EQ(Flag(FlagRule::kAllow, true), CheckResult::kPass);
  EXPECT_EQ(Flag(FlagRule::kAllow, none), CheckResult::kPass);
  EXPECT_EQ(Flag(FlagRule::kRequire, true), CheckResult::kPass);
  EXPECT_EQ(Flag(FlagRule::kRequire, false), CheckResult::kFail);
  EXPECT_EQ(Flag(FlagRule::kRequire, none), CheckResult::kFail);
  EXPECT_EQ(Flag(FlagRule::kForbid, false), CheckResult::kPass);
  EXPECT_EQ(Flag(FlagRule::kForbid, true), CheckResult::kFail);
  EXPECT_EQ(Flag(FlagRule::kForbid, none), CheckResult::kFail);
  EXPECT_EQ(Flag(FlagRule::kUnset, true), CheckResult::kFail);
  EXPECT_EQ(Flag(FlagRule::kUnset, false), CheckResult::kFail);
}

using Set = PolicyField<ByteSet>;

CheckResult Allowed(const Set& set, const std::optional<Bytes>& value) {
  CheckList checks;
  CheckAllowed(set, value, "SET", "", checks);
  return checks.checks().at(0).result;
}
CheckResult Denied(const Set& set, const std::optional<Bytes>& value) {
  CheckList checks;
  CheckDenied(set, value, "SET", "", checks);
  return checks.checks().at(0).result;
}

TEST(ByteSet, WhatIsNotStatedIsInNoSet) {
  const Bytes a = {1};
  const Bytes b = {2};
  const Set only_a = Set::Enforce({a});
  EXPECT_EQ(Allowed(only_a, a), CheckResult::kPass);
  EXPECT_EQ(Allowed(only_a, b), CheckResult::kFail);
  EXPECT_EQ(Allowed(only_a, std::nullopt), CheckResult::kFail);
  EXPECT_EQ(Allowed(Set::Enforce({}), a), CheckResult::kFail);
  EXPECT_EQ(Allowed(Set::Skip("x"), std::nullopt), CheckResult::kSkipped);
  EXPECT_EQ(Allowed(Set(), a), CheckResult::kFail);
  EXPECT_EQ(Denied(only_a, a), CheckResult::kFail);
  EXPECT_EQ(Denied(only_a, b), CheckResult::kPass);
  EXPECT_EQ(Denied(only_a, std::nullopt), CheckResult::kFail);
  EXPECT_EQ(Denied(Set::Enforce({}), std::nullopt), CheckResult::kPass);
  EXPECT_EQ(Denied(Set::Warn({a}, "x"), a), CheckResult::kWarn);
  EXPECT_EQ(Denied(Set(), b), CheckResult::kFail);
}

}  // namespace
}  // namespace kedge
