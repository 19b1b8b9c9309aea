#include "attestation/model/measure_once.h"

#include <gtest/gtest.h>

#include "attestation/model/testing/fake_tpm.h"
#include "attestation/model/testing/memory_event_log.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FakeTpm;
using testing::MemoryEventLog;
using testing::TestTpmCa;

class MeasureOnceTest : public ::testing::Test {
 protected:
  void ExpectPcrsMatchLog() {
    for (PcrBank bank : {PcrBank::kSha256, PcrBank::kSha384}) {
      ASSERT_OK_AND_ASSIGN(const PcrValues values, tpm_.ReadPcrs(bank, {14, 15}));
      for (const auto& [pcr, value] : values) {
        EXPECT_EQ(ToHex(value), ToHex(ReplayPcr(bank, pcr, log_.events()))) << pcr;
      }
    }
  }
  void ExpectNothingChanges(const MeasuredEvent& event, const char* fault) {
    const size_t logged = log_.events().size();
    const int extends = tpm_.extends();
    EXPECT_THAT(MeasureOnce(tpm_, log_, event), HasFault(fault));
    EXPECT_EQ(log_.events().size(), logged);
    EXPECT_EQ(tpm_.extends(), extends);
  }

  TestTpmCa ca_;
  FakeTpm tpm_{ca_};
  MemoryEventLog log_;
  const MeasuredEvent init_ = InitDataEvent(AsBytes("invitation"));
  const MeasuredEvent node_ = NodeEvent("worker", {}, {});
  const MeasuredEvent cluster_ = ClusterIdEvent(ClusterId{1, 2, 3});
};

TEST_F(MeasureOnceTest, ExtendsEveryBankOnceAndTheLogReplays) {
  for (const MeasuredEvent& event : {init_, cluster_, node_, CapEvent()}) {
    ASSERT_OK_AND_ASSIGN(const PcrClass first, MeasureOnce(tpm_, log_, event));
    EXPECT_EQ(first, PcrClass::kPristine) << event.label;
    ExpectPcrsMatchLog();
  }
  // Called again after all of them, in any order: nothing moves.
  for (const MeasuredEvent& event : {CapEvent(), init_, node_, cluster_}) {
    ASSERT_OK_AND_ASSIGN(const PcrClass again, MeasureOnce(tpm_, log_, event));
    EXPECT_EQ(again, PcrClass::kAlreadyMeasured) << event.label;
  }
  EXPECT_EQ(tpm_.extends(), 4);
  EXPECT_EQ(log_.events().size(), 4u);
}

TEST_F(MeasureOnceTest, AnotherClusterIdIsRefusedUntilReboot) {
  ASSERT_OK(MeasureOnce(tpm_, log_, cluster_));
  ExpectNothingChanges(ClusterIdEvent(ClusterId{9}), "EVENT_ORDER");
  tpm_.Reset();
  log_.Clear();
  EXPECT_OK(MeasureOnce(tpm_, log_, ClusterIdEvent(ClusterId{9})));
}

TEST_F(MeasureOnceTest, AnotherClusterIdIsRefusedWithoutItsLog) {
  ASSERT_OK(MeasureOnce(tpm_, log_, cluster_));
  log_.Clear();
  ExpectNothingChanges(ClusterIdEvent(ClusterId{9}), "PCR_FOREIGN");
  // The same value without its log is ours: the record comes back, the PCR stays.
  ASSERT_OK_AND_ASSIGN(const PcrClass again, MeasureOnce(tpm_, log_, cluster_));
  EXPECT_EQ(again, PcrClass::kAlreadyMeasured);
  EXPECT_EQ(tpm_.extends(), 1);
  ExpectPcrsMatchLog();
}

TEST_F(MeasureOnceTest, ForeignExtendIsRefused) {
  tpm_.ExtendData(14, AsBytes("not ours"));
  ExpectNothingChanges(init_, "PCR_FOREIGN");
}

TEST_F(MeasureOnceTest, OneDifferingBankIsForeign) {
  tpm_.ExtendDataInBank(PcrBank::kSha384, 14, init_.content);
  ExpectNothingChanges(init_, "PCR_FOREIGN");
}

TEST_F(MeasureOnceTest, ForeignExtendBehindOurEventsIsRefused) {
  ASSERT_OK(MeasureOnce(tpm_, log_, init_));
  ASSERT_OK(MeasureOnce(tpm_, log_, node_));
  tpm_.ExtendData(14, AsBytes("not ours"));
  ExpectNothingChanges(init_, "PCR_FOREIGN");
  ExpectNothingChanges(node_, "PCR_FOREIGN");
}

TEST_F(MeasureOnceTest, WrongOrderIsRefused) {
  ExpectNothingChanges(node_, "EVENT_ORDER");
  ExpectNothingChanges(CapEvent(), "EVENT_ORDER");
}

TEST_F(MeasureOnceTest, NoActiveBankIsRefused) {
  FakeTpm none(ca_, {.banks = {}, .ek = testing::EkKind::kEccP384});
  EXPECT_THAT(MeasureOnce(none, log_, init_), HasCode(StatusCode::kFailedPrecondition));
  EXPECT_TRUE(log_.events().empty());
}

// Cut off after each call of either port, then called again: always exactly one extend.
TEST_F(MeasureOnceTest, SurvivesFailureAtEveryPoint) {
  bool succeeded = false;
  for (int calls = 0; !succeeded; ++calls) {
    tpm_.Reset();
    log_.Clear();
    tpm_.FailAfter(calls);
    succeeded = MeasureOnce(tpm_, log_, init_).ok();
    tpm_.Heal();
    ASSERT_OK(MeasureOnce(tpm_, log_, init_));
    EXPECT_EQ(tpm_.extends(), 1) << calls;
    ExpectPcrsMatchLog();
    ASSERT_LT(calls, 20);
  }
  succeeded = false;
  for (int calls = 0; !succeeded; ++calls) {
    tpm_.Reset();
    log_.Clear();
    log_.FailAfter(calls);
    succeeded = MeasureOnce(tpm_, log_, init_).ok();
    log_.Heal();
    ASSERT_OK(MeasureOnce(tpm_, log_, init_));
    EXPECT_EQ(tpm_.extends(), 1) << calls;
    ExpectPcrsMatchLog();
    ASSERT_LT(calls, 20);
  }
}

TEST_F(MeasureOnceTest, LostAnswerOfAnExtendIsNotExtendedAgain) {
  tpm_.LoseNextExtendAnswer();
  ASSERT_THAT(MeasureOnce(tpm_, log_, init_), HasCode(StatusCode::kUnavailable));
  ASSERT_OK_AND_ASSIGN(const PcrClass again, MeasureOnce(tpm_, log_, init_));
  EXPECT_EQ(again, PcrClass::kAlreadyMeasured);
  EXPECT_EQ(tpm_.extends(), 1);
  ExpectPcrsMatchLog();
}

}  // namespace
}  // namespace kedge
