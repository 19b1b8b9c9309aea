#include "keyservice/core/service_phase.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

using enum RequestKind;
using enum ServicePhase;

TEST(ServicePhaseTest, KeysAreReleasedAndTheRegistryChangedOnlyWhileServing) {
  for (const RequestKind kind : {kRelease, kReport, kNodeCommand}) {
    EXPECT_OK(CheckAnswered(kServing, kind));
    EXPECT_THAT(CheckAnswered(kAwaitingInit, kind), HasFault("AWAITING_INIT"));
    EXPECT_THAT(CheckAnswered(kAwaitingSeed, kind), HasFault("AWAITING_SEED"));
    EXPECT_TRUE(IsRetryable(CheckAnswered(kAwaitingInit, kind)));
    EXPECT_TRUE(IsRetryable(CheckAnswered(kAwaitingSeed, kind)));
  }
}

TEST(ServicePhaseTest, InitOnceAndNeverOverAnExistingCluster) {
  EXPECT_OK(CheckAnswered(kAwaitingInit, kInit));
  EXPECT_THAT(CheckAnswered(kAwaitingSeed, kInit), HasFault("ALREADY_INITIALISED"));
  EXPECT_THAT(CheckAnswered(kServing, kInit), HasFault("ALREADY_INITIALISED"));
  EXPECT_FALSE(IsRetryable(CheckAnswered(kServing, kInit)));
}

TEST(ServicePhaseTest, RecoverOnlyWhileAwaitingTheSeed) {
  EXPECT_OK(CheckAnswered(kAwaitingSeed, kRecover));
  EXPECT_THAT(CheckAnswered(kAwaitingInit, kRecover), HasFault("NOTHING_TO_RECOVER"));
  EXPECT_THAT(CheckAnswered(kServing, kRecover), HasFault("NOTHING_TO_RECOVER"));
}

TEST(ServicePhaseTest, StatusAndVerifyAlways) {
  for (const ServicePhase phase : {kAwaitingInit, kAwaitingSeed, kServing}) {
    EXPECT_OK(CheckAnswered(phase, kStatus));
    EXPECT_OK(CheckAnswered(phase, kVerify));
  }
}

TEST(ServicePhaseTest, StartsByWhatItFinds) {
  using enum StateDiskContent;
  const auto start = [](bool seed, bool records, StateDiskContent disk) {
    return PhaseAtStart({.seed_in_keyring = seed, .records_in_store = records, .disk = disk});
  };
  for (const bool records : {false, true}) {
    EXPECT_EQ(start(false, records, kBlank).value(), kAwaitingInit);
    EXPECT_EQ(start(false, records, kLuks2).value(), kAwaitingSeed);
    EXPECT_THAT(start(false, records, kForeign), HasFault("DISK_FOREIGN"));
  }
  for (const StateDiskContent disk : {kBlank, kLuks2, kForeign}) {
    EXPECT_EQ(start(true, true, disk).value(), kServing);
    EXPECT_THAT(start(true, false, disk), HasFault("SEED_WITHOUT_RECORDS"));
  }
}

TEST(ServicePhaseTest, ReadsTheDisksContentStrictly) {
  EXPECT_EQ(ParseStateDiskContent("blank"), StateDiskContent::kBlank);
  EXPECT_EQ(ParseStateDiskContent("luks2"), StateDiskContent::kLuks2);
  EXPECT_EQ(ParseStateDiskContent("foreign"), StateDiskContent::kForeign);
  for (const char* text : {"", "blank\n", "BLANK", "luks1"}) {
    EXPECT_EQ(ParseStateDiskContent(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace kedge
