#include "proto/wire/attestation_policy.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "house/folders.h"

namespace kedge::wire {
namespace {

using nlohmann::json;

json Example() {
  std::ifstream in(std::string(KEDGE_SOURCE_DIR) + "/docs/examples/attestation-policy.json");
  return json::parse(in);
}

StatusOr<AttestationPolicy> Parse(const json& policy) {
  return ParseAttestationPolicy(AsBytes(policy.dump()));
}

TEST(AttestationPolicy, ExampleSpellsTheDefaultsOut) {
  ASSERT_OK_AND_ASSIGN(const AttestationPolicy parsed, Parse(Example()));
  json spelt = Example();
  spelt["snp"].erase("defaults");
  ASSERT_OK(Parse(spelt));
  const SnpPolicy defaults = DefaultSnpPolicy();
  ASSERT_TRUE(parsed.snp);
  EXPECT_EQ(parsed.snp->minimum_reported_tcb.value(), defaults.minimum_reported_tcb.value());
  EXPECT_EQ(parsed.snp->minimum_committed_tcb.value(), defaults.minimum_committed_tcb.value());
  EXPECT_EQ(parsed.snp->minimum_launch_tcb.value(), defaults.minimum_launch_tcb.value());
  EXPECT_EQ(parsed.snp->crl.value().max_age, defaults.crl.value().max_age);
  EXPECT_EQ(parsed.snp->vmpl.value(), defaults.vmpl.value());
  for (SnpProduct product : kSnpProducts) {
    EXPECT_EQ(parsed.snp->products.value().at(product).trust,
              defaults.products.value().at(product).trust);
    EXPECT_EQ(parsed.snp->products.value().at(product).notice,
              defaults.products.value().at(product).notice);
  }
  for (auto rule :
       {&SnpGuestPolicyRules::smt, &SnpGuestPolicyRules::migrate_ma, &SnpGuestPolicyRules::debug,
        &SnpGuestPolicyRules::single_socket, &SnpGuestPolicyRules::cxl,
        &SnpGuestPolicyRules::mem_aes_256_xts, &SnpGuestPolicyRules::rapl_disabled,
        &SnpGuestPolicyRules::ciphertext_hiding_dram, &SnpGuestPolicyRules::page_swap_disabled,
        &SnpGuestPolicyRules::unknown_bits}) {
    EXPECT_EQ(parsed.snp->guest_policy.*rule, defaults.guest_policy.*rule);
  }
  for (auto rule : {&SnpPlatformRules::smt, &SnpPlatformRules::tsme, &SnpPlatformRules::ecc,
                    &SnpPlatformRules::rapl_disabled, &SnpPlatformRules::ciphertext_hiding_dram,
                    &SnpPlatformRules::alias_check_complete, &SnpPlatformRules::tio}) {
    EXPECT_EQ(parsed.snp->platform.*rule, defaults.platform.*rule);
  }
  EXPECT_EQ(parsed.snp->mask_chip_key, defaults.mask_chip_key);
  EXPECT_EQ(parsed.snp->author_key_en, defaults.author_key_en);
}

TEST(AttestationPolicy, EveryRuleLeftOutIsAnError) {
  json policy = Example();
  policy["snp"].erase("defaults");
  const json example = Example();
  for (const auto& [name, value] : example["snp"].items()) {
    if (name == "defaults") continue;
    json without = policy;
    without["snp"].erase(name);
    EXPECT_THAT(Parse(without), HasFault("POLICY_INCOMPLETE")) << name;
    if (name != "guest_policy" && name != "platform") continue;
    for (const auto& [flag, rule] : value.items()) {
      without = policy;
      without["snp"][name].erase(flag);
      EXPECT_THAT(Parse(without), HasFault("POLICY_INCOMPLETE")) << name << "." << flag;
    }
  }
}

TEST(AttestationPolicy, IncompletePolicyNamesEveryMissingRule) {
  const Status status =
      Parse({{"format", "kedge.attestation-policy.v1"}, {"snp", json::object()}}).status();
  const json example = Example();
  for (const auto& [name, value] : example["snp"].items()) {
    if (name == "defaults") continue;
    EXPECT_NE(MessageOf(status).find(name), std::string::npos) << name;
  }
}

TEST(AttestationPolicy, WordsOfSkipAndWarnReachTheVerdict) {
  json policy = Example();
  policy["snp"]["vmpl"] = {{"any_of", {1}}, {"warn", "Ann: trial until May"}};
  ASSERT_OK_AND_ASSIGN(const AttestationPolicy parsed, Parse(policy));
  EXPECT_EQ(parsed.snp->vmpl.by(), "policy: Ann: trial until May");
  EXPECT_EQ(parsed.snp->vmpl.state(), PolicyField<std::set<uint32_t>>::State::kWarn);
  EXPECT_EQ(parsed.snp->host_data.by(), "policy: EXAMPLE: nothing is bound to host_data");
}

TEST(AttestationPolicy, NonsenseIsMalformed) {
  const auto with = [](const char* pointer, const json& value) {
    json policy = Example();
    policy[json::json_pointer(pointer)] = value;
    return Parse(policy).status();
  };
  EXPECT_THAT(with("/format", "kedge.attestation-policy.v2"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/defaults", "2020-01-01"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/surprise", 1), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/roots", json::object()), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/roots/custom", json::array({{{"name", "x"}, {"product", "Rome"}}})),
              HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/measurement/any_of", {"00"}), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/measurement/skip", "and a value"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/host_data/warn", "without a value"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/guest_policy/debug", "maybe"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/products/products/0/trust", "fine"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/products/products/1/product", "Milan"), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/minimum_launch_tcb/floors/0/snp", 256), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/minimum_launch_tcb/floors/0/fmc", 1), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/minimum_firmware", {{"at_least", "1.55"}}), HasFault("MALFORMED"));
  EXPECT_THAT(with("/snp/mitigations", {{"launch", "11"}}), HasFault("MALFORMED"));
}

TEST(AttestationPolicy, ValuesArriveAsTheyWereWritten) {
  json policy = Example();
  policy["snp"]["roots"] = {
      {"custom", {{{"name", "lab"}, {"product", "Turin"}, {"spki_sha256", std::string(64, 'a')}}}}};
  policy["snp"]["minimum_firmware"] = {{"at_least", "1.55.29"}};
  policy["snp"]["mitigations"] = {{"launch", "0x0b"}, {"current", "0x1"}};
  policy["snp"]["minimum_guest_svn"] = {{"at_least", 0}};
  policy["snp"]["crl"] = {{"skip", "offline lab"}};
  policy["snp"]["csp_ids"] = {{"any_of", {"CN=x"}}};
  ASSERT_OK_AND_ASSIGN(const AttestationPolicy parsed, Parse(policy));
  EXPECT_FALSE(parsed.snp->roots.value().amd);
  EXPECT_EQ(parsed.snp->roots.value().custom.front().product, SnpProduct::kTurin);
  EXPECT_EQ(parsed.snp->minimum_firmware.value(), (SnpFirmwareVersion{1, 55, 29}));
  EXPECT_EQ(parsed.snp->mitigations.value().launch, 0x0Bu);
  EXPECT_TRUE(parsed.snp->minimum_guest_svn.has_value());
  EXPECT_FALSE(parsed.snp->crl.has_value());
  EXPECT_EQ(parsed.snp->csp_ids.value(), std::vector<std::string>{"CN=x"});
}

}  // namespace
}  // namespace kedge::wire
