#include "bootstrapper/core/boot_event.h"

#include <gtest/gtest.h>

namespace kedge {
namespace {

TEST(BootEvent, WaitingShowsTheCodeOnceButTheStatusFollows) {
  BootEvent event{.kind = BootEventKind::kStepWaiting,
                  .step = "release",
                  .next_try = absl::Milliseconds(1534),
                  .tries = 3,
                  .code = "UNAVAILABLE",
                  .detail = "connection refused"};
  EXPECT_EQ(ConsoleLine(event), "kedge: step release waiting: UNAVAILABLE, next try in 1.53 s");
  EXPECT_EQ(StatusLine(event), "waiting in release: UNAVAILABLE (try 3, next try in 1.53 s)");
  event.repeated = true;
  EXPECT_EQ(ConsoleLine(event), "");
  EXPECT_NE(StatusLine(event), "");
}

TEST(BootEvent, WaitingShowsTheNodesStateAndWhatItIsFor) {
  const BootEvent event{.kind = BootEventKind::kStepWaiting,
                        .step = "release",
                        .next_try = absl::Seconds(2),
                        .tries = 1,
                        .code = "NOT_SERVING",
                        .state = "WAITING_FOR_KEYSERVICE"};
  EXPECT_EQ(ConsoleLine(event),
            "kedge: step release waiting: WAITING_FOR_KEYSERVICE (NOT_SERVING), next try in 2 s");
  EXPECT_EQ(StatusLine(event),
            "waiting in release: WAITING_FOR_KEYSERVICE (NOT_SERVING) (try 1, next try in 2 s)");
}

TEST(BootEvent, RefusalNeverShowsTheReason) {
  const BootEvent event{.kind = BootEventKind::kStepRefused,
                        .step = "release",
                        .next_try = absl::Seconds(60),
                        .tries = 1,
                        .code = "PCR_MISMATCH",
                        .correlation_id = "0123456789abcdef",
                        .detail = "PCR 11 is 00, expected 11"};
  EXPECT_EQ(ConsoleLine(event),
            "kedge: step release refused: PCR_MISMATCH, correlation id 0123456789abcdef, next try "
            "in 60 s");
  EXPECT_EQ(StatusLine(event).find("expected 11"), std::string::npos);
}

TEST(BootEvent, TimesOfAStep) {
  BootEvent event{.kind = BootEventKind::kStepDone,
                  .step = "measure-cluster-id",
                  .took = absl::Milliseconds(12)};
  EXPECT_EQ(ConsoleLine(event), "kedge: step measure-cluster-id done in 12 ms");
  event.waited = absl::Milliseconds(5204);
  EXPECT_EQ(ConsoleLine(event), "kedge: step measure-cluster-id done in 12 ms, waited 5204 ms");
  event.kind = BootEventKind::kStepHeld;
  EXPECT_EQ(ConsoleLine(event), "kedge: step measure-cluster-id already done, 12 ms");
}

TEST(CorrelationId, IsExactlySixteenHexDigits) {
  EXPECT_EQ(CorrelationIdIn("refused; correlation id 0011223344aabbcc."), "0011223344aabbcc");
  EXPECT_EQ(CorrelationIdIn("0011223344aabbcc"), "0011223344aabbcc");
  EXPECT_EQ(CorrelationIdIn("PCR 11 is 00112233445566778899aabbccddeeff"), "")
      << "a digest is none";
  EXPECT_EQ(CorrelationIdIn("0011223344aabbc"), "");
  EXPECT_EQ(CorrelationIdIn(""), "");
}

}  // namespace
}  // namespace kedge
