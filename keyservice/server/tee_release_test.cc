// A node in a TEE asks for its disk's key: evidence of stand-in SNP and TDX hardware through the
// channel to the key service, which judges it by the manifest's attestation policy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "attestation/issue/composite_issuer.h"
#include "attestation/issue/testing/stand_in_hardware.h"
#include "base/status_matchers.h"
#include "keyservice/server/testing/service_world.h"
#include "proto/wire/attestation_policy.h"

namespace kedge::keyservice {
namespace {

using testing::FakeNode;
using ::testing::HasSubstr;
using testing::kOwnersNow;
using testing::NodeAsk;
using testing::ServiceWorld;
using testing::StandInHardware;
using testing::StandInSnp;
using testing::StandInTdx;
using testing::TestRelease;

std::unique_ptr<StandInHardware> MakeHardware(Tee tee) {
  std::unique_ptr<StandInHardware> out;
  if (tee == Tee::kSnp) {
    out = std::make_unique<StandInSnp>();
  } else {
    out = std::make_unique<StandInTdx>();
  }
  out->MoveTo(kOwnersNow);
  return out;
}

class TeeReleaseTest : public ::testing::TestWithParam<Tee> {
 protected:
  // Workers must be measured by the hardware, as the policy of `file` demands.
  void Init(const std::string& file) { Init(file, hardware_->Launch()); }
  void Init(const std::string& file, const LaunchReference& launch) {
    std::optional<AttestationRules> rules;
    if (!file.empty()) {
      ASSERT_OK_AND_ASSIGN(rules, wire::ParseAttestationRules(AsBytes(file)));
    }
    ASSERT_OK(world_.InitWith(world_.ManifestWith([&](ManifestTerms& terms) {
      terms.attestation = rules;
      terms.images[0].launch = {launch};
      for (RolePolicy& role : terms.roles) {
        if (role.role == kRoleWorker) role.evidence_levels = {EvidenceLevel::kTeeMeasured};
      }
    })));
    ASSERT_OK(world_.OpenDisk());
  }
  void SetUp() override { Init(hardware_->PolicyFile()); }

  NodeAsk Ask() {
    NodeAsk ask = world_.AskOf(node_, "node-2");
    ask.issuer = &issuer_;
    return ask;
  }
  StatusOr<TestRelease> Release(const NodeAsk& ask) { return world_.client().Release(ask); }
  // Why `node` was refused, as its owner sees it.
  std::string ReasonOf(const std::string& node) {
    const StatusOr<v1::StatusAnswer> status = world_.client().GetStatus(world_.owner());
    EXPECT_OK(status);
    if (!status.ok()) return "";
    for (const v1::RefusalRecord& refusal : status->refusals()) {
      if (refusal.node() == node) return refusal.reason();
    }
    return "";
  }

  std::unique_ptr<StandInHardware> hardware_ = MakeHardware(GetParam());
  const std::shared_ptr<CollateralSource> collateral_ = hardware_->Collateral();
  ServiceWorld world_{{.collateral = collateral_.get()}};
  FakeNode node_{world_.ca()};
  CompositeIssuer issuer_{node_.issuer(), *hardware_, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Hardware, TeeReleaseTest, ::testing::Values(Tee::kSnp, Tee::kTdx),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(TeeReleaseTest, NodeInATeeGetsItsKeyAndStatusSaysSo) {
  ASSERT_OK_AND_ASSIGN(const TestRelease release, Release(Ask()));
  EXPECT_EQ(release.order, "format");
  ASSERT_OK_AND_ASSIGN(const v1::StatusAnswer status, world_.client().GetStatus(world_.owner()));
  bool seen = false;
  for (const v1::NodeStatus& node : status.nodes()) {
    if (node.name() != "node-2") continue;
    seen = true;
    EXPECT_EQ(node.evidence_level(), "tee-measured");
    EXPECT_FALSE(node.host_controlled());
    EXPECT_EQ(node.verdict(), "trusted");
  }
  EXPECT_TRUE(seen);
}

TEST_P(TeeReleaseTest, TpmAloneIsRefusedWhereATeeIsDemanded) {
  NodeAsk ask = Ask();
  ask.issuer = &node_.issuer();
  EXPECT_THAT(Release(ask), HasFault("EVIDENCE_LEVEL"));
}

// The host's chip signs for the host's own guest; beside it a TPM of the node's is not the node.
class SwappedIssuer final : public Issuer {
 public:
  SwappedIssuer(Issuer& signer, Issuer& quoter) : signer_(signer), quoter_(quoter) {}
  StatusOr<Evidence> Issue(const ReportData& report_data) override {
    ASSIGN_OR_RETURN(const Evidence one, signer_.Issue(report_data));
    ASSIGN_OR_RETURN(const Evidence other, quoter_.Issue(report_data));
    return Evidence(
        CompositeEvidence{std::get<CompositeEvidence>(one).tee, std::get<VtpmEvidence>(other)});
  }
  StatusOr<Endorsements> GetEndorsements() override { return quoter_.GetEndorsements(); }
  StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob) override {
    return quoter_.ActivateCredential(blob);
  }

 private:
  Issuer& signer_;
  Issuer& quoter_;
};

TEST_P(TeeReleaseTest, ReportOfAnotherGuestBesideTheNodesTpmIsRefused) {
  FakeNode evil(world_.ca());
  NodeAsk ask = world_.AskOf(evil, "node-3");
  SwappedIssuer swapped(issuer_, evil.issuer());
  (void)Ask();  // the signing node is measured
  ask.issuer = &swapped;
  EXPECT_THAT(Release(ask), HasFault("TEE_NOT_TRUSTED"));
  EXPECT_THAT(ReasonOf("node-3"),
              HasSubstr(GetParam() == Tee::kSnp ? "REPORT_DATA" : "NONCE (report data)"));
}

class TeeForeignRootTest : public TeeReleaseTest {
 protected:
  void SetUp() override {
    std::string file = hardware_->PolicyFile();
    const std::string key = "\"spki_sha256\":\"";
    file.replace(file.find(key) + key.size(), 64, std::string(64, 'a'));
    Init(file);
  }
};
INSTANTIATE_TEST_SUITE_P(Hardware, TeeForeignRootTest, ::testing::Values(Tee::kSnp, Tee::kTdx),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(TeeForeignRootTest, HardwareUnderARootThatTheManifestDoesNotNameIsRefused) {
  EXPECT_THAT(Release(Ask()), HasFault("TEE_NOT_TRUSTED"));
}

class TeeUnnamedTest : public TeeReleaseTest {
 protected:
  void SetUp() override { Init(other_->PolicyFile()); }
  std::unique_ptr<StandInHardware> other_ =
      MakeHardware(GetParam() == Tee::kSnp ? Tee::kTdx : Tee::kSnp);
};
INSTANTIATE_TEST_SUITE_P(Hardware, TeeUnnamedTest, ::testing::Values(Tee::kSnp, Tee::kTdx),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(TeeUnnamedTest, HardwareThatTheManifestDoesNotNameIsRefused) {
  EXPECT_THAT(Release(Ask()), HasFault("TEE_NOT_ACCEPTED"));
}

class TeeWithoutRulesTest : public TeeReleaseTest {
 protected:
  void SetUp() override { Init(""); }
};
INSTANTIATE_TEST_SUITE_P(Hardware, TeeWithoutRulesTest, ::testing::Values(Tee::kSnp, Tee::kTdx),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(TeeWithoutRulesTest, NoHardwareIsAccepted) {
  EXPECT_THAT(Release(Ask()), HasFault("TEE_NOT_ACCEPTED"));
}

// The registers are those of the image, and the hardware measured something else at launch.
class TeeOtherLaunchTest : public TeeReleaseTest {
 protected:
  void SetUp() override {
    LaunchReference launch = hardware_->Launch();
    launch.measurement[0] ^= 1;
    Init(hardware_->PolicyFile(), launch);
  }
};
INSTANTIATE_TEST_SUITE_P(Hardware, TeeOtherLaunchTest, ::testing::Values(Tee::kSnp, Tee::kTdx),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(TeeOtherLaunchTest, LaunchThatTheImageDoesNotNameIsRefused) {
  EXPECT_THAT(Release(Ask()), HasFault("EVIDENCE_LEVEL"));
  EXPECT_THAT(ReasonOf("node-2"), HasSubstr("host-vtpm"));
}

}  // namespace
}  // namespace kedge::keyservice
