// The cases of the real evidence, run through the command: verdict, reason and decoded values. The
// vectors are not part of this repository: KEDGE_VECTORS names their folder, by default
// ../shared/vectors beside the source tree.
#include <gtest/gtest.h>
#include <stdlib.h>

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

namespace fs = std::filesystem;
using nlohmann::json;

class EvidenceVectorsTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* set = std::getenv("KEDGE_VECTORS");
    vectors_ =
        set != nullptr ? fs::path(set) : fs::path(KEDGE_SOURCE_DIR) / ".." / "shared" / "vectors";
    if (!fs::exists(vectors_ / "cases.json")) {
      GTEST_SKIP() << "NOT TESTED: no vectors at " << vectors_
                   << "; set KEDGE_VECTORS to their folder";
    }
    std::string folder = ::testing::TempDir() + "/cases.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  ExitCode Run(const std::vector<std::string>& arguments) {
    std::ostringstream err;
    const Environment env{.out = out_,
                          .err = err,
                          .clock = clock_,
                          .random = random_,
                          .run_exchange = nullptr,
                          .sleep = nullptr,
                          .read_input = nullptr};
    return cli::Run(arguments, env);
  }

  fs::path vectors_;
  fs::path folder_;
  std::ostringstream out_;
  SystemClock clock_;
  SystemRandom random_;
};

TEST_P(EvidenceVectorsTest, EveryCaseGivesTheExpectedVerdictForTheExpectedReason) {
  json all;
  std::ifstream(vectors_ / "cases.json") >> all;
  json cases = json::array();
  for (const json& entry : all) {
    if (entry.at("tech") == GetParam()) cases.push_back(entry);
  }
  ASSERT_FALSE(cases.empty());
  std::ofstream(folder_ / "cases.json") << cases;
  const ExitCode code =
      Run({"verify", "batch", "--cases", folder_ / "cases.json", "--root", vectors_.string()});
  EXPECT_EQ(code, ExitCode::kGood) << out_.str();
}

INSTANTIATE_TEST_SUITE_P(Tech, EvidenceVectorsTest, ::testing::Values("tdx"));

TEST_F(EvidenceVectorsTest, TdxCommandsAnswerAsProgramsExpect) {
  const fs::path folder = vectors_ / "tdx" / "oak-gcp-v4-00806f05";
  const std::vector<std::string> verify = {
      "--json", "verify", "tdx", "--quote", folder / "quote.bin", "--collateral", folder, "--at"};
  std::vector<std::string> good = verify;
  good.push_back("2025-10-25T00:00:00Z");
  const ExitCode code = Run(good);
  const json answer = json::parse(out_.str());
  EXPECT_EQ(answer.at("claims").at("fmspc"), "00806f050000");
  ASSERT_FALSE(answer.at("checks").empty());
  for (const char* name : {"id", "result", "expected", "actual", "reason"}) {
    EXPECT_TRUE(answer["checks"][0].contains(name)) << name;
  }
  // Its collateral is of 2025; today's defaults ask for newer.
  EXPECT_EQ(code, ExitCode::kRefused);
  EXPECT_EQ(answer.at("verdict"), "untrusted");

  out_.str("");
  EXPECT_EQ(Run({"parse", "tdx", folder / "quote.bin"}), ExitCode::kGood);
  EXPECT_NE(out_.str().find("mrtd"), std::string::npos);
  out_.str("");
  EXPECT_EQ(Run({"parse", "tdx", folder / "tcb_info.json"}), ExitCode::kMalformed);
}

}  // namespace
}  // namespace kedge::cli
