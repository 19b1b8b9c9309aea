#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "house/folders.h"
#include "proto/wire/attestation_policy.h"

namespace kedge::wire {
namespace {

using nlohmann::json;

json Example() {
  std::ifstream in(std::string(KEDGE_SOURCE_DIR) + "/docs/examples/attestation-policy-tdx.json");
  return json::parse(in);
}

StatusOr<AttestationPolicy> Parse(const json& policy) {
  return ParseAttestationPolicy(AsBytes(policy.dump()));
}

TEST(TdxPolicyFile, ExampleSpellsTheDefaultsOut) {
  json spelt = Example();
  spelt["tdx"].erase("defaults");
  ASSERT_OK_AND_ASSIGN(const AttestationPolicy parsed, Parse(spelt));
  ASSERT_TRUE(parsed.tdx && !parsed.snp);
  const TdxPolicy& seen = parsed.tdx->policy;
  const TdxPolicy defaults = DefaultTdxPolicy();
  EXPECT_EQ(parsed.tdx->roots, IntelSgxRootPins());
  EXPECT_EQ(seen.accepted_statuses.value(), defaults.accepted_statuses.value());
  EXPECT_EQ(seen.advisories.value().accept_others, defaults.advisories.value().accept_others);
  EXPECT_EQ(seen.tcb_info_age.value(), defaults.tcb_info_age.value());
  EXPECT_EQ(seen.pck_crl_age.value(), defaults.pck_crl_age.value());
  EXPECT_EQ(seen.root_crl_age.value(), defaults.root_crl_age.value());
  EXPECT_EQ(seen.minimum_tcb_evaluation_number.value(),
            defaults.minimum_tcb_evaluation_number.value());
  EXPECT_EQ(seen.xfam.value().required, defaults.xfam.value().required);
  EXPECT_EQ(seen.xfam.value().allowed, defaults.xfam.value().allowed);
  EXPECT_EQ(seen.mr_signer_seam.value(), defaults.mr_signer_seam.value());
  EXPECT_EQ(seen.seam_attributes.value(), defaults.seam_attributes.value());
  EXPECT_EQ(seen.mr_service_td.value(), defaults.mr_service_td.value());
  for (auto rule :
       {&TdAttributeRules::debug, &TdAttributeRules::reserved, &TdAttributeRules::icssd,
        &TdAttributeRules::lass, &TdAttributeRules::sept_ve_disable, &TdAttributeRules::migratable,
        &TdAttributeRules::pks, &TdAttributeRules::key_locker, &TdAttributeRules::tpa,
        &TdAttributeRules::perfmon}) {
    EXPECT_EQ(seen.td_attributes.*rule, defaults.td_attributes.*rule);
  }
}

TEST(TdxPolicyFile, EveryRuleLeftOutIsAnError) {
  json policy = Example();
  policy["tdx"].erase("defaults");
  const json example = Example();
  for (const auto& [name, value] : example["tdx"].items()) {
    if (name == "defaults") continue;
    json without = policy;
    without["tdx"].erase(name);
    EXPECT_THAT(Parse(without), HasFault("POLICY_INCOMPLETE")) << name;
  }
  for (const auto& [flag, rule] : example["tdx"]["td_attributes"].items()) {
    json without = policy;
    without["tdx"]["td_attributes"].erase(flag);
    EXPECT_THAT(Parse(without), HasFault("POLICY_INCOMPLETE")) << flag;
  }
}

TEST(TdxPolicyFile, DefaultsLeaveTheTdToTheOwner) {
  const Status status =
      Parse({{"format", "kedge.attestation-policy.v1"}, {"tdx", {{"defaults", "2026-11-24"}}}})
          .status();
  EXPECT_THAT(status, HasFault("POLICY_INCOMPLETE"));
  for (const char* name : {"mr_td", "rtmr0", "rtmr3", "mr_config_id", "mr_owner_config"}) {
    EXPECT_THAT(MessageOf(status), ::testing::HasSubstr(name));
  }
}

TEST(TdxPolicyFile, ValuesArriveAsTheyWereWritten) {
  json policy = Example();
  json& tdx = policy["tdx"];
  tdx["roots"] = {{"custom", {{{"name", "lab"}, {"spki_sha256", std::string(64, 'a')}}}}};
  tdx["collateral"] = {{"skip", "Ann: offline lab"}};
  tdx["accepted_tcb_statuses"] = {{"any_of", {"UpToDate", "SWHardeningNeeded"}}};
  tdx["advisories"] = {
      {"others", "refuse"}, {"accepted", {"SA-1"}}, {"denied", {"SA-2"}}, {"warn", "Ann: trial"}};
  tdx["xfam"] = {{"required", "0100000000000000"}, {"allowed", "0100000000000080"}};
  tdx["denied_fmspc"] = {{"any_of", {"90c06f000000"}}};
  tdx["smt"] = "require-where-stated";
  ASSERT_OK_AND_ASSIGN(const AttestationPolicy parsed, Parse(policy));
  const TdxPolicy& seen = parsed.tdx->policy;
  EXPECT_EQ(parsed.tdx->roots.size(), 1u);
  EXPECT_EQ(parsed.tdx->roots[0][0], 0xAA);
  EXPECT_EQ(seen.collateral.by(), "policy: Ann: offline lab");
  EXPECT_EQ(seen.accepted_statuses.value(),
            (std::vector<TcbStatus>{TcbStatus::kUpToDate, TcbStatus::kSwHardeningNeeded}));
  EXPECT_FALSE(seen.advisories.value().accept_others);
  EXPECT_EQ(seen.advisories.value().accepted, std::vector<std::string>{"SA-1"});
  EXPECT_EQ(seen.advisories.value().denied, std::vector<std::string>{"SA-2"});
  EXPECT_EQ(seen.advisories.state(), PolicyField<AdvisoryRule>::State::kWarn);
  EXPECT_EQ(seen.xfam.value().allowed, 0x8000000000000001u);
  EXPECT_EQ(seen.denied_fmspc.value(), ByteSet{(Bytes{0x90, 0xC0, 0x6F, 0, 0, 0})});
  EXPECT_EQ(seen.smt, FlagRule::kRequireWhereStated);
}

TEST(TdxPolicyFile, NonsenseIsMalformed) {
  const auto with = [](const char* pointer, const json& value) {
    json policy = Example();
    policy[json::json_pointer(pointer)] = value;
    return Parse(policy).status();
  };
  EXPECT_THAT(with("/tdx/defaults", "2020-01-01"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/surprise", 1), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/roots", json::object()), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/roots/custom", json::array({{{"name", "x"}, {"spki_sha256", "00"}}})),
              HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/collateral/skip", "and required"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/accepted_tcb_statuses/any_of", {"Revoked"}), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/accepted_tcb_statuses/any_of", {"Fine"}), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/advisories/others", "maybe"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/advisories", {{"denied", {"SA-1"}}}), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/xfam/allowed", "03"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/xfam/allowed", "0100000000000000"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/mr_td/any_of", {"00"}), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/allowed_fmspc/any_of", {"90c06f00000000"}), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/rtmr3/warn", "without a value"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/tdx/td_attributes/debug", "maybe"), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge::wire
