#include "bootstrapper/core/node_waits.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

TEST(NodeWaits, NobodyAnswers) {
  for (const StatusCode code : {StatusCode::kUnavailable, StatusCode::kDeadlineExceeded}) {
    const Status waiting = WaitingForKeyService(MakeError(code, "connection refused"));
    EXPECT_EQ(StateOfWait(waiting), "WAITING_FOR_KEYSERVICE");
    EXPECT_EQ(waiting.code(), code) << "code and advice stay: it is tried again as before";
    EXPECT_EQ(MessageOf(waiting), "connection refused");
    EXPECT_EQ(StateOfWait(Annotate(waiting, "endpoint")), "WAITING_FOR_KEYSERVICE");
  }
}

TEST(NodeWaits, AServiceThatServesNobodyYet) {
  for (const char* code : {"AWAITING_INIT", "AWAITING_SEED", "NOT_SERVING", "STORE_NOT_ATTACHED"}) {
    const Status waiting = WaitingForKeyService(
        MakeFault(StatusCode::kPermissionDenied, code, Advice::kRetry, "refused"));
    EXPECT_EQ(StateOfWait(waiting), "WAITING_FOR_KEYSERVICE") << code;
    EXPECT_THAT(waiting, HasFault(code));
    EXPECT_TRUE(IsRetryable(waiting));
  }
}

TEST(NodeWaits, NothingElseIsBlamedOnTheKeyService) {
  for (const Status& status :
       {absl::OkStatus(), Refused("IDENTITY_MISMATCH", ""), Refused("NOT_SERVING", "for good"),
        MakeFault(StatusCode::kUnavailable, "TPM_UNAVAILABLE", Advice::kRetry, ""),
        MakeFault(StatusCode::kUnavailable, "MEASURING", Advice::kRetry, ""), Internal("")}) {
    EXPECT_EQ(StateOfWait(WaitingForKeyService(status)), "") << status;
    EXPECT_EQ(WaitingForKeyService(status), status);
  }
}

}  // namespace
}  // namespace kedge
