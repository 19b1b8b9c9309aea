#include "cli/verdict_output.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "cli/exit_code.h"

namespace kedge::cli {
namespace {

Verdict Some(bool fail, bool malformed) {
  CheckList list;
  list.Pass("SIGNATURE", "fits", "fits");
  list.Skip("VMPL", "policy: vmpl.skip", "3");
  if (fail) list.Fail("TCB", "snp 24", "snp 8", "minimum reported");
  if (malformed) list.Malformed("FORMAT", "1184 bytes", "3 bytes");
  return std::move(list).Take();
}

TEST(VerdictAnswer, ExitCodeFollowsTheOutcome) {
  EXPECT_EQ(ExitCodeOf(VerdictAnswer(Some(false, false), {}).verdict), ExitCode::kGood);
  EXPECT_EQ(ExitCodeOf(VerdictAnswer(Some(true, false), {}).verdict), ExitCode::kRefused);
  EXPECT_EQ(ExitCodeOf(VerdictAnswer(Some(true, true), {}).verdict), ExitCode::kMalformed);
  EXPECT_EQ(ExitCodeOf(VerdictAnswer(Verdict(), {}).verdict), ExitCode::kRefused);
}

TEST(VerdictAnswer, JsonIsTheContract) {
  const Answer answer = VerdictAnswer(Some(true, false), {{"version", 3}});
  EXPECT_EQ(answer.json.dump(),
            R"({"verdict":"untrusted","checks":[)"
            R"({"id":"SIGNATURE","result":"pass","expected":"fits","actual":"fits","reason":""},)"
            R"({"id":"VMPL","result":"skipped: policy: vmpl.skip","expected":"any","actual":"3",)"
            R"("reason":"policy: vmpl.skip"},)"
            R"({"id":"TCB","result":"fail","expected":"snp 24","actual":"snp 8",)"
            R"("reason":"minimum reported"}],"claims":{"version":3}})");
  EXPECT_EQ(VerdictAnswer(Some(false, false), {}).json["claims"].dump(), "{}");
}

TEST(VerdictAnswer, TextNamesEveryCheck) {
  const std::string text = VerdictAnswer(Some(true, false), {}).text;
  EXPECT_NE(text.find("by policy: vmpl.skip: 3"), std::string::npos) << text;
  EXPECT_NE(text.find("minimum reported: expected snp 24, got snp 8"), std::string::npos) << text;
  EXPECT_NE(text.find("verdict  untrusted\n"), std::string::npos) << text;
}

TEST(ParseTime, TakesRfc3339Only) {
  ASSERT_OK_AND_ASSIGN(const absl::Time time, ParseTime("2025-06-01T00:00:00Z"));
  EXPECT_EQ(absl::ToUnixSeconds(time), 1748736000);
  EXPECT_FALSE(ParseTime("yesterday").ok());
  EXPECT_FALSE(ParseTime("infinite-future").ok());
}

}  // namespace
}  // namespace kedge::cli
