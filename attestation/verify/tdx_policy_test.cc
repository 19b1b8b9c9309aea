#include "attestation/verify/tdx_policy.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/status_matchers.h"

namespace kedge {
namespace {

TEST(TdxPolicy, DefaultsAreCompleteButForTheTd) {
  EXPECT_OK(CheckComplete(AnyTdPolicy("the test")));
  // What only the owner knows is missing from the defaults.
  EXPECT_THAT(CheckComplete(DefaultTdxPolicy()), HasFault("POLICY_INCOMPLETE"));
}

TEST(TdxPolicy, EveryHoleIsNamed) {
  const std::pair<const char*, std::function<void(TdxPolicy&)>> holes[] = {
      {"accepted_tcb_statuses", [](TdxPolicy& p) { p.accepted_statuses = {}; }},
      {"advisories", [](TdxPolicy& p) { p.advisories = {}; }},
      {"tcb_info_age", [](TdxPolicy& p) { p.tcb_info_age = {}; }},
      {"pck_crl_age", [](TdxPolicy& p) { p.pck_crl_age = {}; }},
      {"root_crl_age", [](TdxPolicy& p) { p.root_crl_age = {}; }},
      {"minimum_tcb_evaluation_number", [](TdxPolicy& p) { p.minimum_tcb_evaluation_number = {}; }},
      {"td_attributes.debug", [](TdxPolicy& p) { p.td_attributes.debug = FlagRule::kUnset; }},
      {"td_attributes.reserved", [](TdxPolicy& p) { p.td_attributes.reserved = FlagRule::kUnset; }},
      {"td_attributes.icssd", [](TdxPolicy& p) { p.td_attributes.icssd = FlagRule::kUnset; }},
      {"td_attributes.lass", [](TdxPolicy& p) { p.td_attributes.lass = FlagRule::kUnset; }},
      {"td_attributes.sept_ve_disable",
       [](TdxPolicy& p) { p.td_attributes.sept_ve_disable = FlagRule::kUnset; }},
      {"td_attributes.migratable",
       [](TdxPolicy& p) { p.td_attributes.migratable = FlagRule::kUnset; }},
      {"td_attributes.pks", [](TdxPolicy& p) { p.td_attributes.pks = FlagRule::kUnset; }},
      {"td_attributes.key_locker",
       [](TdxPolicy& p) { p.td_attributes.key_locker = FlagRule::kUnset; }},
      {"td_attributes.tpa", [](TdxPolicy& p) { p.td_attributes.tpa = FlagRule::kUnset; }},
      {"td_attributes.perfmon", [](TdxPolicy& p) { p.td_attributes.perfmon = FlagRule::kUnset; }},
      {"xfam", [](TdxPolicy& p) { p.xfam = {}; }},
      {"mr_td", [](TdxPolicy& p) { p.mr_td = {}; }},
      {"rtmr0", [](TdxPolicy& p) { p.rtmr[0] = {}; }},
      {"rtmr3", [](TdxPolicy& p) { p.rtmr[3] = {}; }},
      {"mr_config_id", [](TdxPolicy& p) { p.mr_config_id = {}; }},
      {"mr_owner", [](TdxPolicy& p) { p.mr_owner = {}; }},
      {"mr_owner_config", [](TdxPolicy& p) { p.mr_owner_config = {}; }},
      {"mr_seam", [](TdxPolicy& p) { p.mr_seam = {}; }},
      {"mr_signer_seam", [](TdxPolicy& p) { p.mr_signer_seam = {}; }},
      {"seam_attributes", [](TdxPolicy& p) { p.seam_attributes = {}; }},
      {"mr_service_td", [](TdxPolicy& p) { p.mr_service_td = {}; }},
      {"collateral", [](TdxPolicy& p) { p.collateral = {}; }},
      {"allowed_fmspc", [](TdxPolicy& p) { p.allowed_fmspc = {}; }},
      {"denied_fmspc", [](TdxPolicy& p) { p.denied_fmspc = {}; }},
      {"allowed_ppid", [](TdxPolicy& p) { p.allowed_ppid = {}; }},
      {"denied_ppid", [](TdxPolicy& p) { p.denied_ppid = {}; }},
      {"allowed_platform_instances", [](TdxPolicy& p) { p.allowed_platform_instances = {}; }},
      {"denied_platform_instances", [](TdxPolicy& p) { p.denied_platform_instances = {}; }},
      {"smt", [](TdxPolicy& p) { p.smt = FlagRule::kUnset; }},
      {"dynamic_platform", [](TdxPolicy& p) { p.dynamic_platform = FlagRule::kUnset; }},
      {"cached_keys", [](TdxPolicy& p) { p.cached_keys = FlagRule::kUnset; }}};
  for (const auto& [name, hole] : holes) {
    TdxPolicy policy = AnyTdPolicy("the test");
    hole(policy);
    const Status status = CheckComplete(policy);
    EXPECT_THAT(status, HasFault("POLICY_INCOMPLETE")) << name;
    EXPECT_THAT(MessageOf(status), ::testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace kedge
