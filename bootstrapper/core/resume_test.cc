// A node that is cut off anywhere ends up where an undisturbed one does, and nothing irreversible
// happens twice.
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "bootstrapper/core/testing/fake_machine.h"

namespace kedge::testing {
namespace {

using ::testing::ElementsAre;

constexpr Stage kStages[] = {Stage::kMeasure, Stage::kInitrd, Stage::kJoin};

void ExpectGoodEnd(FakeMachine& machine) {
  EXPECT_EQ(machine.tpm.extends(), 4) << "init-data, cluster-id, node, cap: each exactly once";
  EXPECT_EQ(machine.service.registry, RegistryState::kJoined);
  EXPECT_EQ(machine.disk.content, DiskContent::kLuks2);
  EXPECT_EQ(AsText(machine.disk.files["pki/node.key"]), "NODE KEY");
  EXPECT_EQ(AsText(machine.disk.files["pki/node.crt"]), "NODE CERTIFICATE");
  ASSERT_FALSE(machine.units.started.empty());
  ASSERT_OK_AND_ASSIGN(const NodeState state, ParseNodeState(machine.disk.files[kNodeStateFile]));
  EXPECT_TRUE(state.disk_reported);
  EXPECT_EQ(state.header_digest, machine.service.formatted_header);
  // Header, file system, service and TPM agree, and each boot was counted once.
  EXPECT_TRUE(state.counter_acknowledged);
  EXPECT_TRUE(machine.disk.header_is_whole());
  EXPECT_EQ(machine.disk.counter(), machine.service.disk_counter);
  EXPECT_EQ(machine.service.next_disk_counter, 0u);
  EXPECT_EQ(state.disk_counter, machine.service.disk_counter);
  EXPECT_EQ(machine.tpm.ReadCounter().value(), state.disk_counter);
  EXPECT_EQ(state.tpm_counter, state.disk_counter);
  EXPECT_FALSE(machine.service.tpm_counter_behind);
  ASSERT_OK_AND_ASSIGN(const PcrValues pcrs,
                       machine.tpm.ReadPcrs(PcrBank::kSha256, {kNodePcr, kClusterIdPcr}));
  for (const auto& [pcr, value] : pcrs) {
    EXPECT_EQ(value, ReplayPcr(PcrBank::kSha256, pcr, machine.event_log.events()))
        << "the log replays to PCR " << pcr;
  }
}

class CutOff : public ::testing::TestWithParam<std::string_view> {
 protected:
  // Runs `after_kill` for a kill at each point of a whole first boot; returns the number of points.
  template <typename AfterKill>
  int AtEveryPoint(AfterKill after_kill) {
    for (int point = 0;; ++point) {
      FakeMachine machine(GetParam());
      machine.kill.KillAt(point);
      size_t stage = 0;
      while (stage < std::size(kStages) && machine.Run(kStages[stage]).ok()) ++stage;
      if (!machine.kill.dead()) {
        EXPECT_EQ(stage, std::size(kStages));
        return point;
      }
      SCOPED_TRACE(::testing::Message()
                   << "cut off at point " << point << " in stage " << ToString(kStages[stage]));
      after_kill(machine, stage);
      if (HasFatalFailure()) return point;
    }
  }
};

TEST_P(CutOff, RestartedProgramResumes) {
  const int points = AtEveryPoint([](FakeMachine& machine, size_t stage) {
    const int formats = machine.disk.formats + (machine.disk.complete() ? 0 : 1);
    machine.kill.Revive();
    for (; stage < std::size(kStages); ++stage) {
      ASSERT_OK(machine.Run(kStages[stage], {.give_up_on_refusal = true}));
    }
    ExpectGoodEnd(machine);
    EXPECT_EQ(machine.disk.formats, formats) << "a format cut off is redone, a complete one never";
  });
  EXPECT_GT(points, 60) << "the whole life was walked through";
}

TEST_P(CutOff, RebootedNodeResumes) {
  AtEveryPoint([](FakeMachine& machine, size_t) {
    const bool had_complete_disk = machine.disk.complete();
    const int formats = machine.disk.formats + (had_complete_disk ? 0 : 1);
    machine.disk.files["data"] = ToBytes("kept");
    machine.PowerCut();
    for (const Stage stage : kStages) {
      ASSERT_OK(machine.Run(stage, {.give_up_on_refusal = true}));
    }
    ExpectGoodEnd(machine);
    EXPECT_EQ(machine.disk.formats, formats);
    EXPECT_EQ(machine.disk.files.contains("data"), had_complete_disk);
  });
}

// The same for a boot of a node that has a disk: it is opened, advanced and acknowledged.
class CutOffLater : public ::testing::TestWithParam<std::string_view> {
 protected:
  template <typename AfterKill>
  int AtEveryPoint(AfterKill after_kill) {
    for (int point = 0;; ++point) {
      FakeMachine machine(GetParam());
      EXPECT_OK(machine.Boot());
      machine.disk.files["data"] = ToBytes("kept");
      machine.PowerCut();
      machine.kill.KillAt(point);
      size_t stage = 0;
      while (stage < std::size(kStages) && machine.Run(kStages[stage]).ok()) ++stage;
      if (!machine.kill.dead()) {
        EXPECT_EQ(stage, std::size(kStages));
        EXPECT_EQ(machine.service.disk_counter, 2u);
        return point;
      }
      SCOPED_TRACE(::testing::Message()
                   << "cut off at point " << point << " in stage " << ToString(kStages[stage]));
      after_kill(machine, stage);
      EXPECT_EQ(machine.disk.formats, 1);
      EXPECT_EQ(AsText(machine.disk.files["data"]), "kept");
      if (HasFatalFailure()) return point;
    }
  }
};

TEST_P(CutOffLater, RestartedProgramResumes) {
  const int points = AtEveryPoint([](FakeMachine& machine, size_t stage) {
    machine.kill.Revive();
    for (; stage < std::size(kStages); ++stage) {
      ASSERT_OK(machine.Run(kStages[stage], {.give_up_on_refusal = true}));
    }
    ExpectGoodEnd(machine);
    EXPECT_EQ(machine.service.disk_counter, 2u) << "one boot, one advance";
    EXPECT_EQ(machine.disk.advances, 1);
  });
  EXPECT_GT(points, 60) << "the whole boot was walked through";
}

TEST_P(CutOffLater, RebootedNodeResumes) {
  AtEveryPoint([](FakeMachine& machine, size_t) {
    const uint64_t acknowledged = machine.service.disk_counter;
    machine.PowerCut();
    for (const Stage stage : kStages) {
      ASSERT_OK(machine.Run(stage, {.give_up_on_refusal = true}));
    }
    ExpectGoodEnd(machine);
    EXPECT_EQ(machine.service.disk_counter, acknowledged + 1);
    EXPECT_EQ(machine.disk.advances, static_cast<int>(acknowledged));
  });
}

INSTANTIATE_TEST_SUITE_P(Roles, CutOffLater, ::testing::Values(kControlPlane, kWorker),
                         [](const auto& test) {
                           return test.param == kWorker ? "Worker" : "FirstNode";
                         });

// Whoever starts the stages again after all went well changes nothing.
TEST_P(CutOff, FinishedStagesAreIdempotent) {
  FakeMachine machine(GetParam());
  ASSERT_OK(machine.Boot());
  machine.disk.files["data"] = ToBytes("kept");
  const auto calls = machine.service.calls.size();
  ASSERT_OK(machine.Run(Stage::kInitrd));
  ASSERT_OK(machine.Run(Stage::kJoin));
  ExpectGoodEnd(machine);
  EXPECT_EQ(machine.disk.formats, 1);
  EXPECT_EQ(AsText(machine.disk.files["data"]), "kept");
  // The first node asks its own service who it is; nobody asks for a key again.
  EXPECT_LE(machine.service.calls.size(), calls + 1);
}

INSTANTIATE_TEST_SUITE_P(Roles, CutOff, ::testing::Values(kControlPlane, kWorker),
                         [](const auto& test) {
                           return test.param == kWorker ? "Worker" : "FirstNode";
                         });

}  // namespace
}  // namespace kedge::testing
