#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/host/system_clock.h"
#include "cli/run.h"
#include "crypto/system_random.h"

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
  ExitCode Run(const std::string& cases) {
    std::ofstream(folder_ + "/cases.json") << cases;
    std::ostringstream err;
    out_.str("");
    const Environment env{.out = out_,
                          .err = err,
                          .clock = clock_,
                          .random = random_,
                          .run_exchange = nullptr,
                          .sleep = nullptr};
    return cli::Run({"verify", "batch", "--cases", folder_ + "/cases.json", "--root", folder_},
                    env);
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

}  // namespace
}  // namespace kedge::cli
