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

CheckResult Listed(const ListRule& rule, const std::optional<Bytes>& value) {
  CheckList checks;
  CheckListed(rule, value, "LIST", "", checks);
  return checks.checks().at(0).result;
}

TEST(ListRule, DenialWinsAndSilenceMeetsNoList) {
  const Bytes a = {1};
  const Bytes b = {2};
  const ListRule any{ValueRule::Skip("x"), {}};
  const ListRule only_a{{{a}, ""}, {}};
  const ListRule not_a{ValueRule::Skip("x"), {a}};
  const ListRule both{{{a}, ""}, {a}};
  EXPECT_EQ(Listed(any, a), CheckResult::kSkipped);
  EXPECT_EQ(Listed(any, std::nullopt), CheckResult::kSkipped);
  EXPECT_EQ(Listed(only_a, a), CheckResult::kPass);
  EXPECT_EQ(Listed(only_a, b), CheckResult::kFail);
  EXPECT_EQ(Listed(only_a, std::nullopt), CheckResult::kFail);
  EXPECT_EQ(Listed(not_a, a), CheckResult::kFail);
  EXPECT_EQ(Listed(not_a, b), CheckResult::kSkipped);
  EXPECT_EQ(Listed(not_a, std::nullopt), CheckResult::kFail);
  EXPECT_EQ(Listed(both, a), CheckResult::kFail);
  EXPECT_EQ(Listed({}, a), CheckResult::kFail);
}

TEST(ValueRule, ExactlyOneOfValuesAndReason) {
  EXPECT_FALSE(ValueRule().is_set());
  EXPECT_TRUE(ValueRule::Skip("x").is_set());
  EXPECT_FALSE((ValueRule{{Bytes{1}}, "x"}).is_set());
  CheckList checks;
  CheckValue({{Bytes{1}}, "x"}, Bytes{1}, "VALUE", "", checks);
  EXPECT_EQ(checks.checks().at(0).result, CheckResult::kFail);
}

}  // namespace
}  // namespace kedge
