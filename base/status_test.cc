#include "base/status.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

TEST(Fault, CarriesCodeAdviceAndMessage) {
  const Status status = MakeFault(StatusCode::kPermissionDenied, "DISK_BLANK", Advice::kAskOperator,
                                  "the disk is blank");
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(MessageOf(status), "the disk is blank");
  ASSERT_TRUE(GetFault(status).has_value());
  EXPECT_EQ(GetFault(status)->code, "DISK_BLANK");
  EXPECT_EQ(GetFault(status)->advice, Advice::kAskOperator);
  EXPECT_EQ(FaultCode(status), "DISK_BLANK");
}

TEST(Fault, EveryAdviceSurvives) {
  for (Advice advice : {Advice::kNone, Advice::kRetry, Advice::kReboot, Advice::kAskOperator}) {
    EXPECT_EQ(GetFault(MakeFault(StatusCode::kInternal, "X", advice, ""))->advice, advice);
  }
}

TEST(Fault, IsAbsentFromPlainErrorsAndOk) {
  EXPECT_FALSE(GetFault(absl::OkStatus()).has_value());
  EXPECT_FALSE(GetFault(Internal("x")).has_value());
  EXPECT_EQ(FaultCode(Internal("x")), "INTERNAL");
  EXPECT_EQ(FaultCode(MakeError(StatusCode::kUnavailable, "")), "UNAVAILABLE");
}

TEST(Retryable, FollowsAdviceBeforeCode) {
  EXPECT_TRUE(IsRetryable(MakeError(StatusCode::kUnavailable, "")));
  EXPECT_TRUE(IsRetryable(MakeError(StatusCode::kDeadlineExceeded, "")));
  EXPECT_FALSE(IsRetryable(Internal("")));
  EXPECT_FALSE(IsRetryable(MakeFault(StatusCode::kUnavailable, "X", Advice::kAskOperator, "")));
  EXPECT_TRUE(IsRetryable(MakeFault(StatusCode::kInternal, "X", Advice::kRetry, "")));
}

TEST(Annotate, PutsContextFirstAndKeepsTheFault) {
  const Status status = Annotate(Refused("NONCE", "it is old"), "evidence");
  EXPECT_EQ(MessageOf(status), "evidence: it is old");
  EXPECT_THAT(status, HasFault("NONCE"));
  EXPECT_OK(Annotate(absl::OkStatus(), "evidence"));
}

TEST(Constructors, HaveTheDocumentedCodes) {
  EXPECT_THAT(Malformed("x"), HasFault("MALFORMED"));
  EXPECT_THAT(Malformed("x"), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(Refused("C", "x"), HasCode(StatusCode::kPermissionDenied));
  EXPECT_THAT(FailedPrecondition("x"), HasCode(StatusCode::kFailedPrecondition));
}

StatusOr<int> Half(int value) {
  if (value % 2 != 0) return Malformed("odd");
  return value / 2;
}
StatusOr<int> Quarter(int value) {
  ASSIGN_OR_RETURN(const int half, Half(value));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}
Status CheckQuarter(int value) {
  RETURN_IF_ERROR(Quarter(value).status());
  return absl::OkStatus();
}

TEST(Macros, ReturnTheFirstError) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_THAT(Quarter(6), HasFault("MALFORMED"));
  EXPECT_OK(CheckQuarter(8));
  EXPECT_THAT(CheckQuarter(7), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
