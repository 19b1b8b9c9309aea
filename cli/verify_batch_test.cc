#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/host/system_clock.h"
#include "cli/run.h"
#include "crypto/system_random.h"
#include "house/folders.h"

namespace kedge::cli {
namespace {

class VerifyBatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/batch.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  ExitCode Run(const std::string& cases) { return Run(cases, folder_); }
  ExitCode Run(const std::string& cases, const std::string& root) {
    std::ofstream(folder_ + "/cases.json") << cases;
    std::ostringstream err;
    out_.str("");
    const Environment env{.out = out_,
                          .err = err,
                          .clock = clock_,
                          .random = random_,
                          .run_exchange = nullptr,
                          .sleep = nullptr,
                          .read_input = nullptr};
    return cli::Run({"verify", "batch", "--cases", folder_ + "/cases.json", "--root", root}, env);
  }

  std::string folder_;
  std::ostringstream out_;
  SystemClock clock_;
  SystemRandom random_;
};

TEST_F(VerifyBatchTest, TechWithoutVerifierDiffers) {
  EXPECT_EQ(Run(R"([{"dir":"a","tech":"abacus","outcome":"untrusted","expect":"reject"}])"),
            ExitCode::kRefused);
  EXPECT_EQ(out_.str(),
            "DIFF a  expected untrusted reject, got no verifier for abacus\n"
            "1 cases, 0 match, 1 differ\n");
}

TEST_F(VerifyBatchTest, IncompleteCaseDiffers) {
  EXPECT_EQ(Run(R"([{"dir":"a","tech":"snp","outcome":"trusted"}])"), ExitCode::kRefused);
}

TEST_F(VerifyBatchTest, NoCasesIsNoSuccess) {
  EXPECT_EQ(Run("[]"), ExitCode::kMalformed);
  EXPECT_EQ(Run("{}"), ExitCode::kMalformed);
  EXPECT_EQ(Run("[1]"), ExitCode::kMalformed);
}

// Genuine evidence and altered copies of it; not part of this repository.
TEST_F(VerifyBatchTest, EverySnpCaseMatches) {
  const char* set = std::getenv("KEDGE_VECTORS");
  const std::string vectors =
      set != nullptr ? set : std::string(KEDGE_SOURCE_DIR) + "/../shared/vectors";
  std::ifstream in(vectors + "/cases.json");
  if (!in.good()) GTEST_SKIP() << "NOT TESTED: no vectors at " << vectors;
  nlohmann::json chosen = nlohmann::json::array();
  for (const nlohmann::json& entry : nlohmann::json::parse(in)) {
    if (entry.at("tech") == "snp") chosen.push_back(entry);
  }
  EXPECT_GE(chosen.size(), 77u);
  EXPECT_EQ(Run(chosen.dump(), vectors), ExitCode::kGood) << out_.str();
}

// A case that expects something else than what is seen must not match.
TEST_F(VerifyBatchTest, WrongExpectationsDiffer) {
  std::ofstream(folder_ + "/report.bin") << "short";
  const auto run = [this](const std::string& rest) {
    return Run(R"([{"dir":".","tech":"snp","time":null,)" + rest + "}]", folder_);
  };
  EXPECT_EQ(run(R"("outcome":"malformed","expect":"reject:FORMAT_LENGTH")"), ExitCode::kGood);
  EXPECT_EQ(run(R"("outcome":"untrusted-or-malformed","expect":"reject:HWID/FORMAT_LENGTH")"),
            ExitCode::kGood);
  EXPECT_EQ(run(R"("outcome":"malformed","expect":"reject:HWID")"), ExitCode::kRefused);
  EXPECT_EQ(run(R"("outcome":"trusted-or-untrusted","expect":"reject")"), ExitCode::kRefused);
  EXPECT_EQ(run(R"("outcome":"malformed","expect":"reject","vmpl":0)"), ExitCode::kRefused);
}

}  // namespace
}  // namespace kedge::cli
