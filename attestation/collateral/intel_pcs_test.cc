#include "attestation/collateral/intel_pcs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "attestation/collateral/testing/fake_pcs.h"
#include "base/status_matchers.h"

namespace kedge::collateral {
namespace {

using kedge::testing::TdxMachine;
using kedge::testing::TestKey;
using testing::AnswersOf;

constexpr char kHost[] = "https://pcs.test";

class IntelPcsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/pcs.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Serve(const TdxMachine& machine, const std::string& authority = "platform") {
    http_.answers.clear();
    for (const auto& [path, answer] : AnswersOf(machine, authority)) {
      http_.answers[kHost + path] = answer;
    }
  }
  StatusOr<FetchedTdxCollateral> Get(TdxMachine& machine, const SpkiPins& roots) {
    Store store({.folder = folder_}, http_, clock_, random_);
    IntelPcs pcs(store, roots, {kHost, std::string(kHost) + "/IntelSGXRootCA.der"});
    ASSIGN_OR_RETURN(const TdxPlatform platform, TdxPlatformOf(machine.Quote()));
    return pcs.Get(platform);
  }

  std::string folder_;
  testing::FakeHttp http_;
  testing::ManualClock clock_{TdxMachine::Now()};
  testing::ConstantRandom random_;
};

TEST_F(IntelPcsTest, BringsAllThatAQuoteIsHeldAgainst) {
  TdxMachine machine(5, true);
  Serve(machine);
  ASSERT_OK_AND_ASSIGN(const FetchedTdxCollateral fetched, Get(machine, machine.Roots()));
  EXPECT_EQ(fetched.documents.size(), 4u);
  const TdxPolicy policy = TdxMachine::Policy();
  const Verdict verdict =
      VerifyTdx(machine.Quote(), TdxCollateral::Read(fetched.files),
                {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()})
          .verdict;
  EXPECT_EQ(verdict.outcome, Outcome::kTrusted) << verdict.FirstFailure();
}

TEST_F(IntelPcsTest, AsksTheProcessorCaForItsPlatforms) {
  TdxMachine machine(4, false);
  machine.ca_terms.subject = "Intel SGX PCK Processor CA";
  machine.pck_terms.issuer = machine.ca_terms.subject;
  machine.pck_crl.issuer = machine.ca_terms.subject;
  Serve(machine, "processor");
  EXPECT_OK(Get(machine, machine.Roots()));
  // A list of the other authority under this address.
  TdxMachine other(4, false);
  other.root_key = machine.root_key;
  other.root_signs_with = machine.root_key;
  std::filesystem::remove_all(folder_);
  http_.answers[std::string(kHost) + "/sgx/certification/v4/pckcrl?ca=processor&encoding=der"] =
      AnswersOf(other).at("/sgx/certification/v4/pckcrl?ca=platform&encoding=der");
  EXPECT_THAT(Get(machine, machine.Roots()), HasFault("CRL_ISSUER"));
}

TEST_F(IntelPcsTest, OnlyPinnedRootsCount) {
  TdxMachine machine(4, false);
  Serve(machine);
  EXPECT_THAT(Get(machine, TdxMachine(4, false).Roots()), HasFault("ROOT_PIN"));
  EXPECT_THAT(Get(machine, {}), HasFault("ROOT_PIN"));
}

TEST_F(IntelPcsTest, ForgeriesAreRefused) {
  const auto fetched = [this](const std::function<void(TdxMachine&)>& change) {
    TdxMachine machine(4, false);
    change(machine);
    Serve(machine);
    return Get(machine, machine.Roots()).status();
  };
  EXPECT_THAT(fetched([](TdxMachine& m) { m.signer_signs_with = TestKey::P256(); }),
              HasFault("BAD_SIGNATURE"));
  EXPECT_THAT(fetched([](TdxMachine& m) { m.ca_signs_with = TestKey::P256(); }),
              HasFault("CRL_SIGNATURE"));
  EXPECT_THAT(fetched([](TdxMachine& m) { m.root_signs_with = TestKey::P256(); }),
              HasFault("CHAIN"));
  EXPECT_THAT(fetched([](TdxMachine& m) { m.qe_identity.id = "QE"; }), HasFault("QE_IDENTITY_ID"));
  EXPECT_THAT(fetched([](TdxMachine& m) { m.tcb_info.id = "SGX"; }), HasFault("FMSPC"));
}

TEST_F(IntelPcsTest, InfoOfAnotherPlatformIsRefused) {
  TdxMachine machine(4, false);
  TdxMachine other(4, false);
  other.root_key = machine.root_key;
  other.root_signs_with = machine.root_key;
  other.tcb_info.fmspc[0] ^= 1;
  Serve(machine);
  const std::string path = "/tdx/certification/v4/tcb?fmspc=" + ToHex(machine.tcb_info.fmspc);
  http_.answers[kHost + path] =
      AnswersOf(other).at("/tdx/certification/v4/tcb?fmspc=" + ToHex(other.tcb_info.fmspc));
  EXPECT_THAT(Get(machine, machine.Roots()), HasFault("FMSPC"));
}

TEST_F(IntelPcsTest, OlderEvaluationIsARollback) {
  TdxMachine machine(4, false);
  Serve(machine);
  ASSERT_OK(Get(machine, machine.Roots()));
  machine.tcb_info.tcb_evaluation_data_number = 17;
  machine.tcb_info.issue_date += absl::Hours(1);
  machine.tcb_info.next_update += absl::Hours(240);
  Serve(machine);
  // While the one that is known holds, it is used; then nothing is.
  clock_.Advance(absl::Hours(24 * 28 + 12));
  ASSERT_OK_AND_ASSIGN(const FetchedTdxCollateral kept, Get(machine, machine.Roots()));
  EXPECT_THAT(kept.documents[0].renewal, HasFault("COLLATERAL_ROLLBACK"));
  clock_.Advance(absl::Hours(13));
  EXPECT_THAT(Get(machine, machine.Roots()), HasFault("COLLATERAL_ROLLBACK"));
}

}  // namespace
}  // namespace kedge::collateral
