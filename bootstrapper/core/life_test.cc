// The life of a node as a whole: order, what each refusal leaves untouched, what each wait is.
#include "bootstrapper/core/life.h"

#include <gtest/gtest.h>

#include <set>

#include "base/status_matchers.h"
#include "bootstrapper/core/backoff.h"
#include "bootstrapper/core/testing/fake_machine.h"

namespace kedge::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;

Status Unreachable() { return MakeError(StatusCode::kUnavailable, "nobody answers"); }
Status Awaiting(std::string_view code) {
  return MakeFault(StatusCode::kUnavailable, code, Advice::kRetry, "not yet");
}

std::vector<std::string> LabelsOf(const MemoryEventLog& log) {
  std::vector<std::string> labels;
  for (const MeasuredEvent& event : log.events()) labels.push_back(event.label);
  return labels;
}

TEST(LifeTable, IsWellFormed) {
  std::set<std::string_view> names;
  std::set<std::string_view> in_stage;
  Stage stage = Stage::kMeasure;
  for (const Step& step : LifeOfANode()) {
    EXPECT_TRUE(names.insert(step.name).second) << step.name;
    EXPECT_GE(step.stage, stage) << step.name << ": stages come one after the other";
    if (step.stage != stage) in_stage.clear();
    stage = step.stage;
    EXPECT_TRUE(step.retry_from.empty() || in_stage.contains(step.retry_from)) << step.name;
    in_stage.insert(step.name);
    EXPECT_NE(step.effect, nullptr) << step.name;
    EXPECT_FALSE(step.purpose.empty()) << step.name;
    EXPECT_LE(step.longest_wait, kLongestWait) << step.name;
  }
}

TEST(Life, FirstNode) {
  FakeMachine machine(kControlPlane);
  machine.service.answers = {Awaiting("AWAITING_INIT"), Awaiting("AWAITING_INIT")};
  ASSERT_OK(machine.Boot());
  EXPECT_THAT(LabelsOf(machine.event_log), ElementsAre("init-data", "cluster-id", "node", "cap"));
  EXPECT_THAT(machine.service.calls,
              ElementsAre("discover 127.0.0.1:7443", "discover 127.0.0.1:7443",
                          "discover 127.0.0.1:7443", "release 127.0.0.1:7443",
                          "report-FORMATTED 127.0.0.1:7443", "report-JOINED 127.0.0.1:7443"));
  EXPECT_EQ(machine.service.registry, RegistryState::kJoined);
  EXPECT_EQ(machine.disk.formats, 1);
  EXPECT_EQ(AsText(machine.disk.files["pki/node.key"]), "NODE KEY");
  EXPECT_EQ(AsText(machine.disk.files["pki/node.crt"]), "NODE CERTIFICATE");
  EXPECT_EQ(AsText(machine.disk.files["pki/ca.crt"]), machine.service.ca_pem);
  EXPECT_TRUE(machine.run.files.contains(kControlPlaneRunFile));
  EXPECT_EQ(AsText(machine.run.files[kDiskContentRunFile]), "blank");
  EXPECT_THAT(machine.units.started, ElementsAre("kedge-joined.target"));
  EXPECT_THAT(machine.timer.sleeps, Each(Le(absl::Seconds(2)))) << "its own service: ask soon";
}

TEST(Life, Worker) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Boot());
  EXPECT_THAT(LabelsOf(machine.event_log), ElementsAre("init-data", "cluster-id", "node", "cap"));
  EXPECT_THAT(machine.service.calls,
              ElementsAre("release 192.168.77.11:7443", "report-FORMATTED 192.168.77.13:7443",
                          "report-JOINED 192.168.77.11:7443"));
  EXPECT_FALSE(machine.run.files.contains(kControlPlaneRunFile));
  EXPECT_THAT(machine.network.configured, HasSubstr("Address=192.168.77.12/24\n"));
  EXPECT_THAT(machine.timer.sleeps, IsEmpty());
}

TEST(Life, SecondBootOpensAndKeepsWhatIsThere) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Boot());
  machine.disk.files["data"] = ToBytes("written by the node");
  machine.PowerCut();
  ASSERT_OK(machine.Boot());
  EXPECT_EQ(machine.disk.formats, 1);
  EXPECT_EQ(AsText(machine.disk.files["data"]), "written by the node");
  ASSERT_OK_AND_ASSIGN(const NodeState state, ParseNodeState(machine.disk.files[kNodeStateFile]));
  EXPECT_EQ(state.boot_id, "boot-2");
  EXPECT_TRUE(state.disk_reported);
  EXPECT_EQ(state.disk_counter, 2u);
  EXPECT_EQ(machine.service.disk_counter, 2u);
  EXPECT_THAT(machine.service.calls, Contains("report-ADVANCED 192.168.77.13:7443"));
}

// What a host can do with copies that it kept. Three boots have counted to 3.
class PutBack : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int boot = 1; boot <= 3; ++boot) {
      ASSERT_OK(machine_.Boot());
      machine_.PowerCut();
      images_.push_back(machine_.disk.Copy());
    }
  }
  Status Boot() {
    RETURN_IF_ERROR(machine_.Run(Stage::kMeasure, {.give_up_on_refusal = true}));
    return machine_.Run(Stage::kInitrd, {.give_up_on_refusal = true});
  }
  void ExpectLeftAlone(const FakeDisk::Image& before) {
    EXPECT_EQ(machine_.disk.files, before.files);
    EXPECT_EQ(machine_.disk.formats, 1);
    EXPECT_FALSE(machine_.disk.Mounted().value());
    EXPECT_THAT(LabelsOf(machine_.event_log), ElementsAre("init-data", "cluster-id"));
  }

  FakeMachine machine_{kWorker};
  std::vector<FakeDisk::Image> images_;
};

TEST_F(PutBack, OlderDiskIsStaleToTheServiceAndItsConsoleSaysSo) {
  machine_.disk.PutBack(images_[1]);
  EXPECT_THAT(Boot(), HasFault("STALE_DISK"));
  ExpectLeftAlone(images_[1]);
  EXPECT_THAT(machine_.sink.Console(), HasSubstr("step release refused: STALE_DISK"));
}

// The service believes what it was shown at first; the node does not.
TEST_F(PutBack, OlderHeaderThatAppearsAfterTheReleaseIsStaleToTheNode) {
  machine_.service.on_release = [this] { machine_.disk.PutBack(images_[1]); };
  EXPECT_THAT(Boot(), HasFault("STALE_DISK"));
  ExpectLeftAlone(images_[1]);
  EXPECT_THAT(machine_.sink.Console(), HasSubstr("step open-disk refused: STALE_DISK"));
}

TEST_F(PutBack, OlderFileSystemUnderTheNewestHeaderIsStale) {
  const FakeDisk::Image newest = images_[2];
  machine_.disk.PutBack(images_[0]);
  machine_.disk.PutHeaderBack(newest);
  EXPECT_THAT(Boot(), HasFault("STALE_DISK"));
  ExpectLeftAlone(images_[0]);
}

TEST_F(PutBack, NewestHeaderOverNoStateAtAllIsStale) {
  machine_.disk.files.erase(kNodeStateFile);
  EXPECT_THAT(Boot(), HasFault("STALE_DISK"));
  machine_.disk.files[kNodeStateFile] = ToBytes("{\"format\":\"kedge.node-state.v9\"}");
  EXPECT_THAT(machine_.Run(Stage::kInitrd, {.give_up_on_refusal = true}), HasFault("STALE_DISK"));
}

// The disk and the service's registry are both old, as after a roll-back of the coordinator: the
// TPM alone remembers.
TEST_F(PutBack, OlderDiskAndRegistryAreStaleToTheTpm) {
  machine_.disk.PutBack(images_[0]);
  machine_.service.disk_counter = 1;
  EXPECT_THAT(Boot(), HasFault("STALE_DISK"));
  ExpectLeftAlone(images_[0]);
}

TEST_F(PutBack, TheOwnerAcceptsIt) {
  machine_.disk.PutBack(images_[0]);
  machine_.service.disk_counter = 1;
  machine_.service.next_disk_counter = 4;
  machine_.service.disk_accepted = true;
  ASSERT_OK(machine_.Boot());
  EXPECT_EQ(machine_.disk.counter(), 4u);
  EXPECT_EQ(machine_.service.disk_counter, 4u);
  EXPECT_FALSE(machine_.service.disk_accepted);
  EXPECT_THAT(machine_.sink.Console(), HasSubstr("the owner accepts this disk, at counter 1"));
  machine_.PowerCut();
  ASSERT_OK(machine_.Boot()) << "it goes on as any other disk";
  EXPECT_EQ(machine_.service.disk_counter, 5u);
}

TEST_F(PutBack, ATpmThatCountsLessIsAWarningOnce) {
  machine_.tpm.RollCounterBackTo(1);
  ASSERT_OK(machine_.Boot());
  EXPECT_TRUE(machine_.service.tpm_counter_behind);
  EXPECT_THAT(machine_.sink.Console(),
              HasSubstr("TPM counter behind: vTPM replaced or rolled back"));
  machine_.PowerCut();
  ASSERT_OK(machine_.Boot());
  EXPECT_FALSE(machine_.service.tpm_counter_behind) << "level again from here on";
}

TEST_F(PutBack, ATpmWithoutTheCounterIsAWarning) {
  machine_.tpm.UndefineCounter();
  ASSERT_OK(machine_.Boot());
  EXPECT_TRUE(machine_.service.tpm_counter_behind);
}

TEST_F(PutBack, ATpmThatCannotCountIsAWarningAndNoReasonToStayDown) {
  machine_.tpm.OccupyCounterIndex();
  ASSERT_OK(machine_.Boot());
  EXPECT_TRUE(machine_.service.tpm_counter_behind);
  ASSERT_OK_AND_ASSIGN(const NodeState state, ParseNodeState(machine_.disk.files[kNodeStateFile]));
  EXPECT_EQ(state.tpm_counter, 0u);
}

TEST(Life, UnreadableStateOfAnEarlierBootIsReplaced) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Boot());
  machine.disk.files[kNodeStateFile] = ToBytes("{\"format\":\"kedge.node-state.v0\"}");
  machine.PowerCut();
  ASSERT_OK(machine.Boot());
  EXPECT_OK(ParseNodeState(machine.disk.files[kNodeStateFile]));
}

TEST(Life, NothingIsSaidToARemoteServiceBeforeTheClusterIdIsMeasured) {
  FakeMachine machine(kWorker);
  // The event log remembers the order of measurements, the fake service looks at PCR 15 itself.
  ASSERT_OK(machine.Run(Stage::kMeasure));
  EXPECT_THAT(machine.service.calls, IsEmpty());
  EXPECT_THAT(LabelsOf(machine.event_log), ElementsAre("init-data", "cluster-id"));
}

TEST(Life, ForeignClusterIdStopsBeforeAWordToTheService) {
  FakeMachine machine(kWorker);
  machine.tpm.ExtendData(kClusterIdPcr, AsBytes("somebody else's cluster"));
  EXPECT_THAT(machine.Run(Stage::kMeasure, {.give_up_on_refusal = true}), HasFault("PCR_FOREIGN"));
  EXPECT_THAT(machine.service.calls, IsEmpty());
  EXPECT_THAT(machine.sink.Console(),
              HasSubstr("step measure-pinned-cluster refused: PCR_FOREIGN"));
  EXPECT_EQ(machine.disk.formats, 0);
}

TEST(Life, ForeignInitDataStopsBeforeTheInvitationIsLookedAt) {
  FakeMachine machine(kWorker);
  machine.tpm.ExtendData(kNodePcr, AsBytes("x"));
  machine.host.acceptable.clear();
  EXPECT_THAT(machine.Run(Stage::kMeasure, {.give_up_on_refusal = true}), HasFault("PCR_FOREIGN"));
}

TEST(Life, UnacceptableInvitationIsMeasuredThenRefused) {
  FakeMachine machine(kWorker);
  machine.host.acceptable.clear();
  EXPECT_THAT(machine.Run(Stage::kMeasure, {.give_up_on_refusal = true}),
              HasFault("INVITATION_NOT_ACCEPTED"));
  EXPECT_THAT(LabelsOf(machine.event_log), ElementsAre("init-data"));
  EXPECT_THAT(machine.network.configured, IsEmpty());
}

TEST(Life, HostThatSwapsTheInvitationChangesNothing) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  Invitation other = machine.invitation;
  other.node = "node-9";
  machine.host.shown = ToBytes("another signed invitation");
  machine.host.acceptable[*machine.host.shown] = other;
  ASSERT_OK(machine.Run(Stage::kMeasure)) << "restarted: the first copy is what was measured";
  ASSERT_OK(machine.Run(Stage::kInitrd));
  EXPECT_THAT(LabelsOf(machine.event_log), ElementsAre("init-data", "cluster-id", "node", "cap"));
  ASSERT_OK_AND_ASSIGN(const NodeState state, ParseNodeState(machine.disk.files[kNodeStateFile]));
  EXPECT_EQ(state.node, "node-2");
}

TEST(Life, MissingInvitationIsRefusedByName) {
  FakeMachine machine(kWorker);
  machine.host.shown.reset();
  EXPECT_THAT(machine.Run(Stage::kMeasure, {.give_up_on_refusal = true}),
              HasFault("NO_INVITATION"));
  EXPECT_THAT(LabelsOf(machine.event_log), IsEmpty());
}

TEST(Life, UnreachableServiceIsAskedEndlesslyWithinAMinute) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  machine.service.answers.assign(200, Unreachable());
  ASSERT_OK(machine.Run(Stage::kInitrd));
  ASSERT_EQ(machine.timer.sleeps.size(), 200u);
  EXPECT_THAT(machine.timer.sleeps, Each(AllOf(Ge(absl::Milliseconds(500)), Le(kLongestWait))));
  EXPECT_GT(machine.timer.sleeps.back(), absl::Seconds(29)) << "it did back off";
  EXPECT_GT(
      std::set<absl::Duration>(machine.timer.sleeps.begin(), machine.timer.sleeps.end()).size(),
      20u)
      << "it is jittered";
  EXPECT_EQ(machine.disk.formats, 1) << "formatted once, after the service answered";
  const std::string console = machine.sink.Console();
  EXPECT_THAT(console,
              HasSubstr("step release waiting: WAITING_FOR_KEYSERVICE (UNAVAILABLE), next try in"));
  EXPECT_EQ(console.find("waiting: "), console.rfind("waiting: ")) << "one line, not two hundred";
}

TEST(Life, EveryStepThatAsksTheKeyServiceWaitsForItByName) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  const Status waits =
      MakeFault(StatusCode::kPermissionDenied, "NOT_SERVING", Advice::kRetry, "total outage");
  // release, then report-formatted.
  machine.service.answers = {waits, absl::OkStatus(), waits};
  ASSERT_OK(machine.Run(Stage::kInitrd));
  machine.service.answers = {waits};
  ASSERT_OK(machine.Run(Stage::kJoin));
  for (const char* step : {"release", "report-formatted", "report-joined"}) {
    EXPECT_THAT(machine.sink.Console(),
                HasSubstr("step " + std::string(step) +
                          " waiting: WAITING_FOR_KEYSERVICE (NOT_SERVING), next try in"));
  }
}

TEST(Life, FirstNodeWaitsForItsOwnKeyServiceByName) {
  FakeMachine machine(kControlPlane);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  machine.service.cluster_id.clear();
  machine.timer.stop_after = 1;
  EXPECT_THAT(machine.Run(Stage::kInitrd), HasCode(StatusCode::kCancelled));
  machine.service.answers = {Unreachable()};
  EXPECT_THAT(machine.Run(Stage::kInitrd), HasCode(StatusCode::kCancelled));
  EXPECT_THAT(machine.sink.Console(),
              HasSubstr("find-own-service waiting: WAITING_FOR_KEYSERVICE (AWAITING_INIT), next"));
  EXPECT_THAT(machine.sink.Console(),
              HasSubstr("find-own-service waiting: WAITING_FOR_KEYSERVICE (UNAVAILABLE), next"));
}

TEST(Life, WaitForTheTpmIsNotBlamedOnTheKeyService) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  machine.service.answers = {
      MakeFault(StatusCode::kUnavailable, "TPM_UNAVAILABLE", Advice::kRetry, "busy")};
  ASSERT_OK(machine.Run(Stage::kInitrd));
  EXPECT_THAT(machine.sink.Console(),
              HasSubstr("step release waiting: TPM_UNAVAILABLE, next try in"));
}

TEST(Life, UnreachableServiceLeavesTheDiskAlone) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  machine.service.answers.assign(100, Unreachable());
  machine.timer.stop_after = 50;
  EXPECT_THAT(machine.Run(Stage::kInitrd), HasCode(StatusCode::kCancelled));
  EXPECT_EQ(machine.disk.formats, 0);
  EXPECT_EQ(machine.disk.content, DiskContent::kBlank);
}

TEST(Life, EndpointsAreTriedInTurn) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  machine.service.answers = {Unreachable(), Unreachable()};
  ASSERT_OK(machine.Run(Stage::kInitrd));
  EXPECT_THAT(machine.service.calls,
              ElementsAre("release 192.168.77.11:7443", "release 192.168.77.13:7443",
                          "release 192.168.77.11:7443", "report-FORMATTED 192.168.77.13:7443"));
}

TEST(Life, RefusalShowsCodeAndIdAndIsTriedAgainSlowly) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  const Status refusal = Refused("IDENTITY_MISMATCH", "refused, correlation id 00112233aabbccdd");
  machine.service.answers = {refusal, refusal, refusal};
  ASSERT_OK(machine.Run(Stage::kInitrd)) << "the owner bound the node anew: it goes on by itself";
  EXPECT_THAT(machine.timer.sleeps, ElementsAre(kRefusedWait, kRefusedWait, kRefusedWait));
  EXPECT_THAT(machine.sink.Console(),
              HasSubstr("kedge: step release refused: IDENTITY_MISMATCH, correlation id "
                        "00112233aabbccdd, next try in 60 s\n"));
}

TEST(Life, RefusalWritesNothing) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Run(Stage::kMeasure));
  machine.service.answers = {Refused("IDENTITY_MISMATCH", "00112233aabbccdd")};
  EXPECT_THAT(machine.Run(Stage::kInitrd, {.give_up_on_refusal = true}),
              HasFault("IDENTITY_MISMATCH"));
  EXPECT_EQ(machine.disk.formats, 0);
  EXPECT_EQ(machine.disk.content, DiskContent::kBlank);
  EXPECT_THAT(LabelsOf(machine.event_log), ElementsAre("init-data", "cluster-id"));
}

TEST(Life, LocalRefusalHasAnIdThatTiesConsoleToJournalButNoReasonOnTheConsole) {
  FakeMachine machine(kWorker);
  machine.host.acceptable.clear();
  EXPECT_THAT(machine.Run(Stage::kMeasure, {.give_up_on_refusal = true}), Not(IsOk()));
  const BootEvent& refusal = machine.sink.events.back();
  ASSERT_EQ(refusal.kind, BootEventKind::kStepRefused);
  EXPECT_EQ(refusal.correlation_id.size(), 16u);
  EXPECT_EQ(refusal.detail, "not owner-signed");
  EXPECT_THAT(machine.sink.Console(), HasSubstr(refusal.correlation_id));
  EXPECT_THAT(machine.sink.Console(), Not(HasSubstr("not owner-signed")));
}

// Every answer that a disk can give, on a node that has a formatted disk: nothing is wiped.
class DiskThatDoesNotOpen : public ::testing::TestWithParam<const char*> {};

TEST_P(DiskThatDoesNotOpen, IsNeverFormatted) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Boot());
  machine.PowerCut();
  machine.disk.fail_open = Refused(GetParam(), "tampered with");
  ASSERT_OK(machine.Run(Stage::kMeasure));
  EXPECT_THAT(machine.Run(Stage::kInitrd, {.give_up_on_refusal = true}), HasFault(GetParam()));
  EXPECT_EQ(machine.disk.formats, 1);
  EXPECT_THAT(LabelsOf(machine.event_log), ElementsAre("init-data", "cluster-id"));
}
INSTANTIATE_TEST_SUITE_P(Life, DiskThatDoesNotOpen,
                         ::testing::Values("HEADER_NOT_ACCEPTED", "HEADER_MAC", "WRONG_KEY",
                                           "TABLE_MISMATCH", "MARKER_MISSING"));

TEST(Life, WipedDiskOfAKnownNodeIsRefused) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Boot());
  machine.PowerCut();
  machine.disk.content = DiskContent::kBlank;
  ASSERT_OK(machine.Run(Stage::kMeasure));
  EXPECT_THAT(machine.Run(Stage::kInitrd, {.give_up_on_refusal = true}), HasFault("DISK_BLANK"));
  EXPECT_EQ(machine.disk.formats, 1);
}

TEST(Life, DiskThatFailsToOpenAsksForANewKey) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Boot());
  machine.PowerCut();
  machine.service.calls.clear();
  machine.disk.fail_open = Refused("WRONG_KEY", "re-keyed");
  machine.timer.stop_after = 2;
  ASSERT_OK(machine.Run(Stage::kMeasure));
  EXPECT_THAT(machine.Run(Stage::kInitrd), HasCode(StatusCode::kCancelled));
  EXPECT_THAT(machine.service.calls,
              ElementsAre("release 192.168.77.11:7443", "release 192.168.77.13:7443"));
}

TEST(Life, OrderToFormatIsNotCarriedOutOverAnUnclearDisk) {
  FakeMachine machine(kWorker);
  machine.disk.content = DiskContent::kLuks2;
  machine.disk.fail_open = MakeError(StatusCode::kDataLoss, "read error");
  ASSERT_OK(machine.Run(Stage::kMeasure));
  EXPECT_THAT(machine.Run(Stage::kInitrd, {.give_up_on_refusal = true}),
              HasCode(StatusCode::kDataLoss));
  EXPECT_EQ(machine.disk.formats, 0) << "an I/O error says nothing about what is on the disk";
}

TEST(Life, StateIsStampedWithTheLatestOfClockBuildAndInvitation) {
  FakeMachine machine(kWorker);
  machine.clock.now = absl::UnixEpoch();  // a host that turns the clock back
  ASSERT_OK(machine.Boot());
  ASSERT_OK_AND_ASSIGN(const NodeState state, ParseNodeState(machine.disk.files[kNodeStateFile]));
  EXPECT_EQ(state.written_at, machine.invitation.issue_time);
}

TEST(Life, JoinWithoutAnInitrdOfThisBootIsRefused) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Boot());
  machine.PowerCut();
  ASSERT_OK(machine.Run(Stage::kMeasure));
  EXPECT_THAT(machine.Run(Stage::kJoin, {.give_up_on_refusal = true}),
              HasFault("NODE_STATE_MISSING"));
  EXPECT_THAT(machine.units.started, IsEmpty());
}

TEST(Life, ConsoleTellsTheTimeOfEachStep) {
  FakeMachine machine(kWorker);
  ASSERT_OK(machine.Boot());
  const std::string console = machine.sink.Console();
  for (const char* line :
       {"kedge: stage measure begins at 10.000 s\n", "kedge: step measure-init-data done in 0 ms\n",
        "kedge: step release done in 0 ms\n", "kedge: formatting the state disk: 100 %\n",
        "kedge: step measure-cap done in 0 ms\n", "kedge: stage initrd done in 0 ms\n",
        "kedge: step start-join-target done in 0 ms\n"}) {
    EXPECT_THAT(console, HasSubstr(line));
  }
}

}  // namespace
}  // namespace kedge::testing
