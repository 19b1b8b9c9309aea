#include "attestation/verify/log_replay.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/firmware_log_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FirmwareLogBuilder;

constexpr PcrBank kBank = PcrBank::kSha256;

PcrValues BlankPcrs() {
  PcrValues out;
  for (PcrIndex pcr = 0; pcr < 16; ++pcr) out[pcr] = ZeroPcr(kBank);
  return out;
}

class FirmwareLogReplayTest : public ::testing::Test {
 protected:
  void Measure(PcrIndex pcr, uint32_t type, std::string_view data) {
    builder_.Event(pcr, type, AsBytes(data));
    pcrs_[pcr] = ExtendedPcr(kBank, pcrs_[pcr], AsBytes(data));
  }
  Status Check() {
    const auto log = ParseFirmwareLog(builder_.log());
    EXPECT_OK(log);
    return CheckFirmwareLog(*log, kBank, pcrs_);
  }

  FirmwareLogBuilder builder_;
  PcrValues pcrs_ = BlankPcrs();
};

TEST_F(FirmwareLogReplayTest, LogOfABootReplays) {
  Measure(0, kEvSCrtmVersion, "1.0");
  Measure(4, 0x80000003, "image");
  Measure(11, 13, ".linux");
  EXPECT_OK(Check());
}

TEST_F(FirmwareLogReplayTest, EachFirmwarePcrMustReplay) {
  Measure(4, 0x80000003, "image");
  for (PcrIndex pcr : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 12u, 13u}) {
    const Bytes good = pcrs_[pcr];
    pcrs_[pcr] = ExtendedPcr(kBank, good, AsBytes("not in the log"));
    EXPECT_THAT(Check(), HasFault("LOG_REPLAY")) << pcr;
    pcrs_[pcr] = good;
  }
}

TEST_F(FirmwareLogReplayTest, ImaAndKedgePcrsAreNotTheFirmwares) {
  for (PcrIndex pcr : {10u, 14u, 15u}) pcrs_[pcr] = Bytes(32, 7);
  EXPECT_OK(Check());
}

TEST_F(FirmwareLogReplayTest, BootPhasesFollowInOrderOnly) {
  Measure(11, 13, ".linux");
  const Bytes at_handover = pcrs_[11];
  for (std::string_view phase : BootPhaseWords()) {
    pcrs_[11] = ExtendedPcr(kBank, pcrs_[11], AsBytes(phase));
    EXPECT_OK(Check()) << phase;
  }
  pcrs_[11] = ExtendedPcr(kBank, at_handover, AsBytes("leave-initrd"));
  EXPECT_THAT(Check(), HasFault("LOG_REPLAY"));
}

TEST_F(FirmwareLogReplayTest, StartupLocalityBeginsPcrZero) {
  for (uint8_t locality : Bytes{3, 4}) {
    builder_ = FirmwareLogBuilder();
    builder_.StartupLocality(locality).Event(0, kEvSCrtmVersion, AsBytes("1.0"));
    Bytes start = ZeroPcr(kBank);
    start.back() = locality;
    pcrs_[0] = ExtendedPcr(kBank, start, AsBytes("1.0"));
    EXPECT_OK(Check()) << int{locality};
    pcrs_[0] = ExtendedPcr(kBank, ZeroPcr(kBank), AsBytes("1.0"));
    EXPECT_THAT(Check(), HasFault("LOG_REPLAY")) << int{locality};
  }
}

TEST_F(FirmwareLogReplayTest, NoActionEventsAreNotExtended) {
  builder_.Event(2, kEvNoAction, AsBytes("only said"));
  EXPECT_OK(Check());
}

TEST_F(FirmwareLogReplayTest, BankWithoutDigestsDoesNotReplay) {
  builder_ = FirmwareLogBuilder({PcrBank::kSha1});
  builder_.Event(7, kEvSeparator, Bytes(4, 0));
  EXPECT_THAT(Check(), HasFault("LOG_REPLAY"));
}

TEST_F(FirmwareLogReplayTest, DataThatItsDigestDoesNotCoverIsRefused) {
  for (uint32_t type : {kEvSeparator, kEvEfiAction, kEvEfiVariableDriverConfig, kEvSCrtmVersion,
                        kEvEfiGptEvent, kEvNonhostInfo, kEvEfiVariableBoot, kEvEfiVariableBoot2}) {
    builder_ = FirmwareLogBuilder();
    builder_.EventOver(5, type, AsBytes("measured"), AsBytes("shown"));
    pcrs_ = BlankPcrs();
    pcrs_[5] = ExtendedPcr(kBank, pcrs_[5], AsBytes("measured"));
    EXPECT_THAT(Check(), HasFault("EVENT_DIGEST")) << type;
  }
  // Types whose digest covers something else than the data: an image's hash beside its path.
  builder_ = FirmwareLogBuilder();
  builder_.EventOver(5, 0x80000003, AsBytes("measured"), AsBytes("path"));
  EXPECT_OK(Check());
}

// UEFI_VARIABLE_DATA: GUID, name length, data length, name, data.
TEST_F(FirmwareLogReplayTest, BootVariablesMayBeHashedWithoutTheirName) {
  Bytes variable(16, 7);
  for (uint32_t word : {1u, 0u, 3u, 0u}) FirmwareLogBuilder::Append32(variable, word);
  for (char letter : std::string("B\0abc", 5)) variable.push_back(static_cast<uint8_t>(letter));
  pcrs_[1] = ExtendedPcr(kBank, pcrs_[1], AsBytes("abc"));
  builder_.EventOver(1, kEvEfiVariableBoot, AsBytes("abc"), variable);
  EXPECT_OK(Check());
  builder_ = FirmwareLogBuilder();
  builder_.EventOver(1, kEvEfiVariableDriverConfig, AsBytes("abc"), variable);
  EXPECT_THAT(Check(), HasFault("EVENT_DIGEST"));
}

class KedgeLogReplayTest : public ::testing::Test {
 protected:
  StatusOr<std::vector<MeasuredEvent>> Check() const {
    return CheckKedgeLog(records_, kBank, pcrs_);
  }
  void Add(const MeasuredEvent& event) {
    records_.push_back(MakeKedgeLogRecord(event, std::vector{kBank}));
    pcrs_[event.pcr] = ExtendedPcr(kBank, pcrs_[event.pcr], event.content);
  }

  std::vector<KedgeLogRecord> records_;
  PcrValues pcrs_ = BlankPcrs();
};

TEST_F(KedgeLogReplayTest, RecordsOfABootReplay) {
  ASSERT_OK(Check());
  Add(InitDataEvent(AsBytes("invitation")));
  Add(ClusterIdEvent(ClusterId{1}));
  ASSERT_OK_AND_ASSIGN(const auto events, Check());
  EXPECT_EQ(events.size(), 2u);
}

TEST_F(KedgeLogReplayTest, RecordWithoutTheQuotedBankIsRefused) {
  Add(InitDataEvent(AsBytes("invitation")));
  records_[0] = MakeKedgeLogRecord(records_[0].event, std::vector{PcrBank::kSha384});
  EXPECT_THAT(Check(), HasFault("LOG_REPLAY"));
}

TEST_F(KedgeLogReplayTest, ReplayingEventsInABadOrderAreRefused) {
  Add(NodeEvent("worker", {}, {}));
  EXPECT_THAT(Check(), HasFault("LOG_REPLAY"));
}

TEST_F(KedgeLogReplayTest, ExtendsThatAreNotInTheLogAreRefused) {
  Add(ClusterIdEvent(ClusterId{1}));
  pcrs_[14] = ExtendedPcr(kBank, pcrs_[14], AsBytes("not ours"));
  EXPECT_THAT(Check(), HasFault("LOG_REPLAY"));
}

}  // namespace
}  // namespace kedge
