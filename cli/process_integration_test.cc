// The whole way of an operator: the real kedge against the real kedge-keyservice, over loopback, on
// a software TPM. Every exit code here is one that scripts rely on.
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "attestation/channel_grpc/client.h"
#include "base/host/files.h"
#include "base/status_matchers.h"
#include "cli/testing/kedge_process.h"
#include "cli/testing/reference_file.h"
#include "crypto/system_random.h"
#include "keyservice/server/testing/control_plane.h"
#include "keyservice/server/testing/test_client.h"
#include "proto/wire/manifest.h"
#include "proto/wire/receipt.h"

namespace kedge::cli {
namespace {

using kedge::testing::ControlPlane;
using kedge::testing::KedgeEnded;
using kedge::testing::NodeAsk;
using kedge::testing::SwtpmNode;
using kedge::testing::TestRelease;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kGood = 0;
constexpr int kRefused = 1;
constexpr int kMalformed = 2;
constexpr int kUnreachable = 3;
constexpr int kWaiting = 4;

class CliProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!ControlPlane::HostAllows()) {
      std::cerr << "*** SKIPPED: needs root (mount namespace) and the kernel's keyring\n";
      GTEST_SKIP() << "needs root and the kernel's keyring";
    }
    ASSERT_OK_AND_ASSIGN(one_, ControlPlane::Make());
    std::ofstream(Path("reference-values.json")) << kedge::testing::ReferenceFile();
    std::ofstream(Path("one.pem")) << one_->machine().swtpm().root_pem();
    workspace_ = Path("workspace");
  }
  void TearDown() override {
    if (HasFailure() && one_) std::cerr << "---- the service's own lines\n" << one_->Output();
  }

  std::string Path(const std::string& name) const { return one_->folder() + "/" + name; }
  std::string InWorkspace(const std::string& name) const { return workspace_ + "/" + name; }
  static std::string File(const std::string& path) {
    return std::string(AsText(ReadFileBounded(path, 1 << 20).value_or(Bytes())));
  }

  KedgeEnded Kedge(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--workspace", workspace_});
    return kedge::testing::RunKedge(arguments, one_->folder());
  }
  // A command that talks to the service.
  KedgeEnded Ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--endpoint", one_->service().endpoint()});
    return Kedge(std::move(arguments));
  }
  json AskJson(std::vector<std::string> arguments, int code = kGood) {
    arguments.insert(arguments.begin(), "--json");
    const KedgeEnded ended = Ask(std::move(arguments));
    EXPECT_EQ(ended.code, code) << ended.out << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }

  KedgeEnded Prepare() {
    std::vector<std::string> arguments = {
        "prepare",    "--cluster",     "test",         "--image", Path("reference-values.json"),
        "--tpm-root", Path("one.pem"), "--first-node", "node-1"};
    if (two_) arguments.insert(arguments.end(), {"--tpm-root", Path("two.pem")});
    return Kedge(std::move(arguments));
  }
  // Boots with the invitation of the workspace at hand and starts the initrd's service.
  void Boot(const std::string& disk, const std::string& image = "kedge-test") {
    ASSERT_OK(one_->Boot(disk, File(InWorkspace("node-1.invitation.json")), image));
    ASSERT_OK(one_->StartService("initrd"));
  }
  void InitCluster() {
    const KedgeEnded prepared = Prepare();
    ASSERT_EQ(prepared.code, kGood) << prepared.err;
    ASSERT_NO_FATAL_FAILURE(Boot("blank"));
    const KedgeEnded made = Ask({"init"});
    ASSERT_EQ(made.code, kGood) << made.err;
    ASSERT_OK(one_->MeasureClusterId(SavedReceipt().cluster_id));
  }
  Receipt SavedReceipt() {
    return wire::ParseReceipt(AsBytes(File(InWorkspace("receipt.json")))).value();
  }
  std::string Phase() {
    const KedgeEnded ended = Ask({"--json", "status"});
    const json answer = json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
    return answer.value("phase", ended.out + ended.err);
  }

  // node-2, with the invitation that `kedge invite` made for it, asks for its disk's key.
  StatusOr<TestRelease> ReleaseToTwo(const std::string& disk, ByteView header_digest) {
    ASSIGN_OR_RETURN(const Bytes invitation,
                     ReadFileBounded(InWorkspace("node-2.invitation.json"), 1 << 16));
    const Receipt receipt = SavedReceipt();
    RETURN_IF_ERROR(two_->Boot());
    RETURN_IF_ERROR(two_->Measure(InitDataEvent(invitation)));
    RETURN_IF_ERROR(two_->Measure(ClusterIdEvent(receipt.cluster_id)));
    kedge::testing::TestClient client([this](const ClientExchange& exchange) {
      return RunExchange(one_->service().endpoint(), exchange, random_, absl::Seconds(60));
    });
    client.pins = {.cluster_id = ToBytes(ByteView(receipt.cluster_id)),
                   .service_key_spki = receipt.service_key_spki,
                   .minimum_generation = 1};
    const NodeAsk ask{.issuer = &two_->issuer(),
                      .node = "node-2",
                      .role = "worker",
                      .invitation = invitation,
                      .disk = disk,
                      .header_digest = ToBytes(header_digest)};
    ASSIGN_OR_RETURN(TestRelease release, client.Release(ask));
    if (disk == "blank") RETURN_IF_ERROR(client.Report(ask, "FORMATTED", kHeader));
    return release;
  }

  static inline const Bytes kHeader = Bytes(32, 0x4D);
  SystemRandom random_;
  std::unique_ptr<ControlPlane> one_;
  std::unique_ptr<SwtpmNode> two_;
  std::string workspace_;
};

TEST_F(CliProcessTest, FromPrepareToRecovery) {
  ASSERT_OK_AND_ASSIGN(two_, SwtpmNode::Start(Path("two.json")));
  std::ofstream(Path("two.pem")) << two_->swtpm().root_pem();
  const KedgeEnded prepared = Prepare();
  ASSERT_EQ(prepared.code, kGood) << prepared.err;
  ASSERT_NO_FATAL_FAILURE(Boot("blank"));
  EXPECT_EQ(Ask({"verify", "cluster"}).code, kWaiting) << "there is no cluster yet";

  const json made = AskJson({"init"});
  EXPECT_EQ(made.at("trust_on_first_use"), false);
  EXPECT_EQ(made.at("seed_share_checked"), true);
  EXPECT_EQ(made.at("machine").at("verdict"), "trusted");
  EXPECT_EQ(AskJson({"status"}, kRefused).at("error").at("code"), "SERVICE_NOT_TRUSTED")
      << "until node-1 has measured that it belongs to this cluster";
  ASSERT_OK(one_->MeasureClusterId(SavedReceipt().cluster_id));
  ASSERT_OK(one_->MountDisk());
  ASSERT_OK(one_->service().WaitForStatus("SERVING 0 registered nodes"));

  const KedgeEnded invited = Kedge({"invite", "--node", "node-2", "--endpoint", "192.0.2.1:7443"});
  ASSERT_EQ(invited.code, kGood) << invited.err;
  ASSERT_OK_AND_ASSIGN(const TestRelease first, ReleaseToTwo("blank", {}));
  EXPECT_EQ(first.order, "format");

  const json status = AskJson({"status"});
  EXPECT_EQ(status.at("phase"), "SERVING");
  EXPECT_EQ(status.at("cluster_id"), made.at("cluster_id"));
  ASSERT_EQ(status.at("nodes").size(), 1u) << status;
  EXPECT_EQ(status.at("nodes")[0].at("name"), "node-2");
  EXPECT_EQ(status.at("nodes")[0].at("verdict"), "trusted");
  EXPECT_THAT(Ask({"status"}).out, HasSubstr("not confidential: host-run TPM"));

  const json verified = AskJson({"verify", "cluster"});
  EXPECT_EQ(verified.at("verdict"), "trusted");
  EXPECT_EQ(verified.at("cluster_id"), made.at("cluster_id"));

  // Power cut: the seed is gone until the owner brings it.
  ASSERT_NO_FATAL_FAILURE(Boot("luks2"));
  EXPECT_EQ(AskJson({"status"}, kWaiting).at("phase"), "AWAITING_SEED");
  const json recovered = AskJson({"recover"});
  EXPECT_EQ(recovered.at("cluster_id"), made.at("cluster_id"));
  ASSERT_OK(one_->MeasureClusterId(SavedReceipt().cluster_id));
  ASSERT_OK(one_->MountDisk());
  ASSERT_OK(one_->service().WaitForStatus("SERVING 1 registered nodes"));
  ASSERT_OK_AND_ASSIGN(const TestRelease second, ReleaseToTwo("luks2", kHeader));
  EXPECT_EQ(second.order, "open");
  EXPECT_EQ(second.key, first.key);
  EXPECT_EQ(AskJson({"recover"}, kRefused).at("error").at("exit_code"), kRefused)
      << "it serves: there is nothing to recover";
}

TEST_F(CliProcessTest, AnUpdateOfTheManifestOutlivesAPowerCutAndARecovery) {
  ASSERT_NO_FATAL_FAILURE(InitCluster());
  ASSERT_OK(one_->MeasureClusterId(SavedReceipt().cluster_id));
  ASSERT_OK(one_->MountDisk());
  ASSERT_OK(one_->service().WaitForStatus("SERVING 0 registered nodes"));
  json next = json::parse(File(InWorkspace("manifest.json")));
  next["generation"] = "2";
  std::ofstream(Path("next.json")) << next.dump(1);
  const json judged = AskJson({"manifest", "set", Path("next.json"), "--dry-run"});
  EXPECT_EQ(judged.at("in_force"), false);
  EXPECT_EQ(AskJson({"manifest", "set", Path("next.json")}, kRefused).at("error").at("code"),
            "COORDINATOR_UNKNOWN");
  const json set =
      AskJson({"manifest", "set", Path("next.json"), "--allow", "COORDINATOR_UNKNOWN"});
  EXPECT_EQ(set.at("in_force"), true);
  EXPECT_EQ(SavedReceipt().latest.generation, 2U);
  EXPECT_EQ(AskJson({"status"}).at("manifest_generation"), "2");

  ASSERT_NO_FATAL_FAILURE(Boot("luks2"));
  AskJson({"recover"});
  ASSERT_OK(one_->MeasureClusterId(SavedReceipt().cluster_id));
  ASSERT_OK(one_->MountDisk());
  ASSERT_OK(one_->service().WaitForStatus("SERVING 0 registered nodes"));
  EXPECT_EQ(AskJson({"status"}).at("manifest_generation"), "2");
}

TEST_F(CliProcessTest, AnOutsiderVerifiesWithPublicFilesAlone) {
  ASSERT_NO_FATAL_FAILURE(InitCluster());
  const json owner = AskJson({"verify", "cluster"});
  workspace_ = Path("nothing");
  EXPECT_EQ(Ask({"verify", "cluster"}).code, kMalformed) << "nothing to hold it against";
  std::vector<std::string> arguments = {"verify",           "cluster",
                                        "--reference",      Path("reference-values.json"),
                                        "--tpm-root",       Path("one.pem"),
                                        "--evidence-level", "host-vtpm",
                                        "--cluster-id",     owner.at("cluster_id")};
  EXPECT_EQ(AskJson(arguments).at("verdict"), "trusted");
  arguments.back() = std::string(64, '0');
  EXPECT_EQ(Ask(arguments).code, kRefused) << "another cluster";
}

TEST_F(CliProcessTest, InitOfAnotherImageIsRefused) {
  ASSERT_EQ(Prepare().code, kGood);
  ASSERT_NO_FATAL_FAILURE(Boot("blank", "another image"));
  const KedgeEnded refused = Ask({"init"});
  EXPECT_EQ(refused.code, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("SERVICE_NOT_TRUSTED"));
  EXPECT_THAT(refused.err, HasSubstr("pcr.")) << "says what was expected";
  EXPECT_FALSE(std::filesystem::exists(InWorkspace("receipt.json")));
  // Nothing was made: the right image gets its cluster.
  ASSERT_NO_FATAL_FAILURE(Boot("blank"));
  EXPECT_EQ(Ask({"init"}).code, kGood);
}

TEST_F(CliProcessTest, InitFromAnotherOwnersWorkspaceIsRefused) {
  ASSERT_EQ(Prepare().code, kGood);
  ASSERT_NO_FATAL_FAILURE(Boot("blank"));
  workspace_ = Path("stranger");
  ASSERT_EQ(Prepare().code, kGood);
  const KedgeEnded refused = Ask({"init"});
  EXPECT_EQ(refused.code, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("NOT_OWNER")) << "the machine has measured who owns it";
  EXPECT_FALSE(std::filesystem::exists(Path("stranger/receipt.json")));
  workspace_ = Path("workspace");
  EXPECT_EQ(Ask({"init"}).code, kGood) << "the owner is not locked out";
}

TEST_F(CliProcessTest, TheWorkspaceOfAnotherClusterOpensNothing) {
  ASSERT_NO_FATAL_FAILURE(InitCluster());
  // The same machine, made anew for another owner.
  workspace_ = Path("new-owner");
  one_->WipeDisk();
  ASSERT_NO_FATAL_FAILURE(InitCluster());
  workspace_ = Path("workspace");
  const KedgeEnded status = Ask({"status"});
  EXPECT_EQ(status.code, kRefused) << status.err;
  EXPECT_THAT(status.out, Not(HasSubstr("SERVING")));
  EXPECT_EQ(Ask({"verify", "cluster"}).code, kRefused);

  workspace_ = Path("new-owner");
  ASSERT_NO_FATAL_FAILURE(Boot("luks2"));
  workspace_ = Path("workspace");
  const KedgeEnded recover = Ask({"recover"});
  EXPECT_EQ(recover.code, kRefused);
  EXPECT_THAT(recover.err, HasSubstr("NOT_OWNER"));
  workspace_ = Path("new-owner");
  EXPECT_EQ(Phase(), "AWAITING_SEED") << "a stranger's seed changes nothing";
  EXPECT_EQ(Ask({"recover"}).code, kGood);
}

TEST_F(CliProcessTest, AWrongSeedLeavesTheServiceWaiting) {
  ASSERT_NO_FATAL_FAILURE(InitCluster());
  ASSERT_NO_FATAL_FAILURE(Boot("luks2"));
  // The same owner, the same key, another seed.
  const std::string right = File(InWorkspace("seedshare.json"));
  const Manifest manifest =
      wire::ParseManifest(AsBytes(File(InWorkspace("manifest.json")))).value();
  ASSERT_OK_AND_ASSIGN(const KeyTree other, KeyTree::Generate(random_));
  ASSERT_OK_AND_ASSIGN(const std::vector<SeedShare> wrong, MakeSeedShares(other, manifest));
  std::ofstream(InWorkspace("seedshare.json")) << wire::PrintSeedShare(wrong.front()).value();
  const KedgeEnded refused = Ask({"recover"});
  EXPECT_EQ(refused.code, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("WRONG_SEED"));
  EXPECT_EQ(Phase(), "AWAITING_SEED");
  std::ofstream(InWorkspace("seedshare.json")) << right;
  EXPECT_EQ(Ask({"recover"}).code, kGood);
}

TEST_F(CliProcessTest, WithoutTheOwnersKeyNothingIsTold) {
  ASSERT_NO_FATAL_FAILURE(InitCluster());
  const std::filesystem::path key = InWorkspace("owner.key");
  std::filesystem::rename(key, Path("owner.key"));
  const KedgeEnded missing = Ask({"status"});
  EXPECT_EQ(missing.code, kMalformed);
  EXPECT_THAT(missing.err, HasSubstr("owner.key"));
  // A key of the right kind that is not the owner's: refused by the service.
  ASSERT_OK_AND_ASSIGN(const SigningKey stranger, SigningKey::Generate(Curve::kP384));
  ASSERT_OK(WriteSecretFileAtomically(key, stranger.PrivatePem().value(), 0600));
  const KedgeEnded refused = Ask({"status"});
  EXPECT_EQ(refused.code, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("NOT_OWNER"));
  EXPECT_EQ(refused.out, "");
  std::filesystem::remove(key);
  std::filesystem::rename(Path("owner.key"), key);
  const json status = AskJson({"status"});
  EXPECT_EQ(status.at("refusals").back().at("code"), "NOT_OWNER") << "the owner sees who tried";
}

TEST_F(CliProcessTest, NobodyThereIsThree) {
  ASSERT_NO_FATAL_FAILURE(InitCluster());
  const std::string endpoint = one_->service().endpoint();
  one_->service().Kill();
  const KedgeEnded ended = Kedge({"--timeout", "1", "status", "--endpoint", endpoint});
  EXPECT_EQ(ended.code, kUnreachable) << ended.err;
}

}  // namespace
}  // namespace kedge::cli
