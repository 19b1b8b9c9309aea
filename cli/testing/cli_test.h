// The whole command in one process, with a scripted key service behind it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "cli/run.h"
#include "cli/testing/reference_file.h"
#include "keyservice/client/testing/scripted_service.h"

namespace kedge::cli {

using kedge::testing::ScriptedService;
using kedge::testing::TestTpmCa;

// A clock that moves only when somebody sleeps.
class TestClock final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1'760'000'000);
};

struct Ended {
  ExitCode code = ExitCode::kInternal;
  std::string out;
  std::string err;
};

class CliTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/cli.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    workspace_ = folder_ + "/workspace";
    std::ofstream(folder_ + "/reference-values.json") << kedge::testing::ReferenceFile();
    std::ofstream(folder_ + "/root.pem") << ca_.root_pem();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Ended Kedge(std::vector<std::string> arguments) {
    std::ostringstream out;
    std::ostringstream err;
    const Environment env{
        .out = out,
        .err = err,
        .clock = clock_,
        .random = random_,
        .run_exchange = [this](const std::string& endpoint, const ClientExchange& exchange,
                               absl::Duration) -> StatusOr<ExchangeResult> {
          endpoints_.push_back(endpoint);
          RETURN_IF_ERROR(network_);
          return service_.Run(exchange);
        },
        .sleep = [this](absl::Duration pause) { clock_.now += pause; },
        .read_input = [this](size_t max) -> StatusOr<SecretBytes> {
          if (input_.empty() || input_.size() > max) return FailedPrecondition("input");
          return SecretBytes::CopyOf(AsBytes(input_));
        }};
    arguments.insert(arguments.begin(), {"--workspace", workspace_});
    const ExitCode code = cli::Run(std::move(arguments), env);
    return {code, out.str(), err.str()};
  }

  Ended Prepare() {
    return Kedge({"prepare", "--cluster", "test", "--image", folder_ + "/reference-values.json",
                  "--tpm-root", folder_ + "/root.pem", "--first-node", "node-1", "--address",
                  "192.168.77.11/24"});
  }
  // node-1 boots with the invitation of the workspace.
  void BootFirstNode() {
    const auto invitation = ReadFileBounded(workspace_ + "/node-1.invitation.json", 65536);
    ASSERT_OK(service_.node.Measure(InitDataEvent(invitation.value())));
  }
  Ended InitCluster() {
    EXPECT_EQ(Prepare().code, ExitCode::kGood);
    BootFirstNode();
    return Kedge({"init", "--endpoint", "192.168.77.11:7443"});
  }
  std::string File(const std::string& name) {
    return std::string(AsText(ReadFileBounded(workspace_ + "/" + name, 1 << 20).value_or(Bytes())));
  }
  mode_t Mode(const std::string& name) {
    struct stat info {};
    EXPECT_EQ(stat((workspace_ + "/" + name).c_str(), &info), 0) << name;
    return info.st_mode & 0777;
  }

  TestTpmCa ca_;
  ScriptedService service_{ca_};
  TestClock clock_;
  SystemRandom random_;
  Status network_;
  std::string input_;  // standard input
  std::vector<std::string> endpoints_;
  std::string folder_;
  std::string workspace_;
};

}  // namespace kedge::cli
