#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include "cli/table.h"

namespace kedge::cli {
namespace {

TEST(ExitCode, FollowsFaultThenAdviceThenCode) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kGood);
  EXPECT_EQ(ExitCodeOf(Refused("IDENTITY_MISMATCH", "")), ExitCode::kRefused);
  EXPECT_EQ(ExitCodeOf(Malformed("")), ExitCode::kMalformed);
  EXPECT_EQ(ExitCodeOf(MakeError(StatusCode::kNotFound, "")), ExitCode::kMalformed);
  EXPECT_EQ(ExitCodeOf(MakeError(StatusCode::kUnavailable, "")), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeOf(MakeError(StatusCode::kDeadlineExceeded, "")), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeOf(MakeFault(StatusCode::kPermissionDenied, "BUSY", Advice::kRetry, "")),
            ExitCode::kUnreachable);
  EXPECT_EQ(
      ExitCodeOf(MakeFault(StatusCode::kPermissionDenied, "AWAITING_SEED", Advice::kRetry, "")),
      ExitCode::kWaiting);
  EXPECT_EQ(ExitCodeOf(MakeFault(StatusCode::kUnavailable, "NOT_SERVING", Advice::kRetry, "")),
            ExitCode::kWaiting);
  EXPECT_EQ(ExitCodeOf(Internal("")), ExitCode::kInternal);
}

TEST(Table, AlignsColumnsAndFillsGaps) {
  Table table({"A", "LONGER"});
  table.Add({"wide cell", ""});
  table.Add({"x", "y", "dropped"});
  EXPECT_EQ(table.Print(), "A          LONGER\nwide cell  -\nx          y\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"A", "B"});
  table.Add({Short(std::string(64, 'a')), "b"});
  EXPECT_EQ(table.Print(), "A                  B\naaaaaaaaaaaaaaaa…  b\n");
  EXPECT_EQ(Short("abc"), "abc");
}

}  // namespace
}  // namespace kedge::cli
