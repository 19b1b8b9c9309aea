#include "keyservice/core/lockout_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/status_matchers.h"
#include "keyservice/core/testing/test_cluster.h"

namespace kedge {
namespace {

using kedge::testing::MakeManifest;
using kedge::testing::TestManifestTerms;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RunningMachine Machine(const std::string& node, std::string_view role) {
  return {.node = node, .role = std::string(role), .image = "kedge-test 1"};
}

class LockoutGuardTest : public ::testing::Test {
 protected:
  // An update that changes nothing, with every fact in order.
  LockoutGuardTest() {
    terms_.generation = 2;
    facts_.current = &current_;
    facts_.coordinator_node = "node-1";
    facts_.machines = {Machine("node-1", kRoleControlPlane), Machine("node-2", kRoleWorker)};
    facts_.tested_share_keys = {current_.seed_share_keys()[0].digest};
  }
  std::vector<LockoutRisk> Risks() const { return FindLockoutRisks(MakeManifest(terms_), facts_); }
  std::vector<std::string> Codes() const {
    std::vector<std::string> codes;
    for (const LockoutRisk& risk : Risks()) codes.push_back(risk.code);
    return codes;
  }

  const Manifest current_ = MakeManifest(TestManifestTerms());
  ManifestTerms terms_ = TestManifestTerms();
  UpdateFacts facts_;
};

TEST_F(LockoutGuardTest, AnUpdateThatKeepsEverybodyIsNoRisk) { EXPECT_THAT(Codes(), IsEmpty()); }

TEST_F(LockoutGuardTest, AFirstManifestLocksNobodyOut) {
  EXPECT_THAT(FindLockoutRisks(current_, {}), IsEmpty());
}

TEST_F(LockoutGuardTest, NewOwnersAloneAreARisk) {
  const OwnerKey added =
      kedge::testing::OwnerKeyEntry("new", SigningKey::Generate(Curve::kP384)->public_key());
  terms_.owner_keys.push_back(added);
  EXPECT_THAT(Codes(), IsEmpty()) << "an old one is kept";
  terms_.owner_keys = {added};
  EXPECT_THAT(Codes(), ElementsAre("NO_OWNER_KEPT", "OWNER_KEY_REMOVED"));
}

TEST_F(LockoutGuardTest, AShareThatNobodyTestedIsARisk) {
  facts_.tested_share_keys.clear();
  EXPECT_THAT(Codes(), ElementsAre("NO_SHARE_TESTED"));
  facts_.tested_share_keys = {Sha256Digest{1}};
  EXPECT_THAT(Codes(), ElementsAre("NO_SHARE_TESTED")) << "another key's share";
}

TEST_F(LockoutGuardTest, AShareKeyWithoutAShareIsARisk) {
  const RsaPrivateKey key = RsaPrivateKey::Generate(3072).value();
  terms_.seed_share_keys.push_back(
      {.name = "new", .key = key.public_key(), .digest = Sha256(key.public_key().spki())});
  EXPECT_THAT(Codes(), ElementsAre("SHARE_KEY_WITHOUT_SHARE"));
}

TEST_F(LockoutGuardTest, AnAuthorityThatIsDroppedIsARisk) {
  terms_.tpm_roots[0].name = "renamed";
  EXPECT_THAT(Codes(), IsEmpty());
  terms_.tpm_roots[0].certificate_pem = "(another)";
  EXPECT_THAT(Codes(), ElementsAre("TPM_ROOT_REMOVED"));
}

TEST_F(LockoutGuardTest, TheKeyServicesOwnMachineMustStayAllowed) {
  const std::vector<std::function<void(ManifestTerms&)>> changes = {
      [](ManifestTerms& t) { t.images[0].pcrs[4] = Bytes(32, 0x77); },
      [](ManifestTerms& t) { t.images[0].pcr11_phases[2].second = Bytes(32, 0x77); },
      [](ManifestTerms& t) {
        t.images.push_back(t.images[0]);
        t.images[1].image_version = "2";
        t.images[1].pcrs[4] = Bytes(32, 0x77);
        t.images[0].roles = {std::string(kRoleWorker)};
        t.images[1].roles = {std::string(kRoleControlPlane)};
      },
      [](ManifestTerms& t) { t.roles[0].evidence_levels = {EvidenceLevel::kTeeVtpm}; },
      [](ManifestTerms& t) { t.roles[0].identity_kinds = {IdentityKind::kChip}; },
  };
  facts_.machines.pop_back();
  for (size_t i = 0; i < changes.size(); ++i) {
    terms_ = TestManifestTerms();
    changes[i](terms_);
    EXPECT_THAT(Codes(), ElementsAre("COORDINATOR_NOT_ALLOWED")) << i;
  }
  // The same values under another name are the same image.
  terms_ = TestManifestTerms();
  terms_.images[0].image_version = "renamed";
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(LockoutGuardTest, AMachineThatWasNotSeenIsARiskToo) {
  facts_.machines.erase(facts_.machines.begin());
  EXPECT_THAT(Codes(), ElementsAre("COORDINATOR_UNKNOWN"));
  facts_.machines.clear();
  facts_.coordinator_node.clear();
  EXPECT_THAT(Codes(), ElementsAre("COORDINATOR_UNKNOWN"));
}

TEST_F(LockoutGuardTest, NodesThatWouldBeRefusedAreListed) {
  facts_.machines.push_back(Machine("node-3", kRoleWorker));
  facts_.machines.back().image = "unheard-of 1";
  terms_.roles.pop_back();
  terms_.images[0].roles.pop_back();
  const auto risks = Risks();
  ASSERT_EQ(risks.size(), 1U);
  EXPECT_EQ(risks[0].code, "NODES_NOT_ALLOWED");
  EXPECT_THAT(risks[0].what, HasSubstr("node-2 (there is no role worker)"));
  EXPECT_THAT(risks[0].what, HasSubstr("node-3"));
}

TEST_F(LockoutGuardTest, EachRiskIsOverriddenByItsOwnNameOnly) {
  facts_.tested_share_keys.clear();
  terms_.tpm_roots[0].certificate_pem = "(another)";
  const auto risks = Risks();
  const auto check = [&risks](const std::vector<std::string>& overrides) {
    return CheckLockout(risks, overrides);
  };
  EXPECT_THAT(check({}), HasFault("NO_SHARE_TESTED"));
  EXPECT_THAT(check({"NO_SHARE_TESTED"}), HasFault("TPM_ROOT_REMOVED"));
  EXPECT_THAT(check({"TPM_ROOT_REMOVED"}), HasFault("NO_SHARE_TESTED"));
  EXPECT_OK(check({"TPM_ROOT_REMOVED", "NO_SHARE_TESTED"}));
  EXPECT_THAT(check({"TPM_ROOT_REMOVED", "NO_SHARE_TESTED", "NO_OWNER_KEPT"}),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(check({"everything"}), HasCode(StatusCode::kInvalidArgument));
  EXPECT_OK(CheckLockout({}, {}));
}

}  // namespace
}  // namespace kedge
