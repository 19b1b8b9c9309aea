// The client against a real HTTPS server that serves genuine documents and misbehaves.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "attestation/collateral/curl_http.h"
#include "attestation/collateral/intel_pcs.h"
#include "attestation/collateral/testing/fake_pcs.h"
#include "attestation/collateral/testing/https_server.h"
#include "base/status_matchers.h"

namespace kedge::collateral {
namespace {

using kedge::testing::TdxMachine;
using testing::HttpsServer;
using testing::Route;

class HttpsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/https.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    server_ = std::make_unique<HttpsServer>(folder_);
    http_ = MakeCurlHttp({.ca_file = server_->ca_file(), .timeout = absl::Seconds(2)});
    for (const auto& [path, answer] : testing::AnswersOf(machine_)) routes_[path] = {answer};
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  StatusOr<FetchedTdxCollateral> Get() {
    Store store({.folder = folder_ + "/cache"}, *http_, clock_, random_);
    IntelPcs pcs(store, machine_.Roots(),
                 {server_->address(), server_->address() + "/IntelSGXRootCA.der"});
    return pcs.Get({machine_.pck.fmspc, PckAuthority::kPlatform});
  }
  Route& InfoRoute() {
    return routes_["/tdx/certification/v4/tcb?fmspc=" + ToHex(machine_.pck.fmspc)];
  }

  std::string folder_;
  TdxMachine machine_{5, true};
  std::unique_ptr<HttpsServer> server_;
  std::unique_ptr<Http> http_;
  std::map<std::string, Route> routes_;
  testing::ManualClock clock_{TdxMachine::Now()};
  testing::ConstantRandom random_;
};

TEST_F(HttpsTest, FetchesOnceAndVerifies) {
  server_->Serve(routes_);
  ASSERT_OK_AND_ASSIGN(const FetchedTdxCollateral fetched, Get());
  const TdxPolicy policy = TdxMachine::Policy();
  const Verdict verdict =
      VerifyTdx(machine_.Quote(), TdxCollateral::Read(fetched.files),
                {.policy = policy, .roots = machine_.Roots(), .at = TdxMachine::Now()})
          .verdict;
  EXPECT_EQ(verdict.outcome, Outcome::kTrusted) << verdict.FirstFailure();
  EXPECT_EQ(server_->requests(), 4);
  EXPECT_OK(Get());
  EXPECT_EQ(server_->requests(), 4);
}

TEST_F(HttpsTest, TooManyRequests) {
  InfoRoute().answer.status = 429;
  InfoRoute().answer.headers["retry-after"] = "30";
  server_->Serve(routes_);
  EXPECT_THAT(Get(), HasFault("COLLATERAL_THROTTLED"));
}

TEST_F(HttpsTest, AnswerThatIsCutOff) {
  InfoRoute().truncate = 100;
  server_->Serve(routes_);
  EXPECT_THAT(Get(), HasFault("COLLATERAL_UNAVAILABLE"));
}

TEST_F(HttpsTest, AnswerThatIsTooSlow) {
  InfoRoute().delay_s = 8;
  server_->Serve(routes_);
  EXPECT_THAT(Get(), HasFault("COLLATERAL_UNAVAILABLE"));
}

TEST_F(HttpsTest, AnswerThatIsTooLarge) {
  InfoRoute().answer.body = Bytes(kMaxAnswer + 1, ' ');
  server_->Serve(routes_);
  EXPECT_THAT(Get(), HasFault("COLLATERAL_UNAVAILABLE"));
}

TEST_F(HttpsTest, DocumentThatIsStale) {
  server_->Serve(routes_);
  clock_.Advance(absl::Hours(24 * 40));
  EXPECT_THAT(Get(), HasFault("COLLATERAL_STALE"));
}

TEST_F(HttpsTest, ChainOfSomebodyElse) {
  TdxMachine other(5, true);
  InfoRoute() = {testing::AnswersOf(other).begin()->second};
  for (const auto& [path, answer] : testing::AnswersOf(other)) {
    if (path.find("/tcb?") != std::string::npos) InfoRoute() = {answer};
  }
  server_->Serve(routes_);
  EXPECT_THAT(Get(), HasFault("ROOT_PIN"));
}

TEST_F(HttpsTest, RedirectIsNotFollowed) {
  InfoRoute().answer.status = 302;
  InfoRoute().answer.headers["location"] = server_->address() + "/IntelSGXRootCA.der";
  server_->Serve(routes_);
  EXPECT_THAT(Get(), HasFault("COLLATERAL_UNAVAILABLE"));
  EXPECT_EQ(server_->requests(), 1);
}

TEST_F(HttpsTest, ServerThatIsNotTrusted) {
  server_->Serve(routes_);
  http_ = MakeCurlHttp({.timeout = absl::Seconds(2)});
  EXPECT_THAT(Get(), HasFault("COLLATERAL_UNAVAILABLE"));
  EXPECT_EQ(server_->requests(), 0);
  http_ = MakeCurlHttp({.ca_file = server_->ca_file(), .timeout = absl::Seconds(2)});
  EXPECT_EQ(http_->Get("http://127.0.0.1:1/").status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace kedge::collateral
