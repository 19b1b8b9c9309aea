#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/testing/cli_test.h"
#include "house/folders.h"
#include "proto/wire/manifest.h"

namespace kedge::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class ManifestCliTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    for (const char* name : {"ann", "ben"}) {
      Write(name + std::string(".pem"), SigningKey::Generate(Curve::kP384)->public_key().Pem());
      Write(name + std::string("-share.pem"), RsaPrivateKey::Generate(3072)->public_key().Pem());
    }
  }
  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(Path(name)) << content;
    return Path(name);
  }
  std::string Path(const std::string& name) { return folder_ + "/" + name; }
  Ended Init(const std::string& output, const std::string& level = "tee-vtpm") {
    return Kedge({"--json",
                  "manifest",
                  "init",
                  "--cluster",
                  "test",
                  "--image",
                  Path("reference-values.json"),
                  "--tpm-root",
                  Path("root.pem"),
                  "--owner-key",
                  Path("ann.pem"),
                  "--owner-key",
                  Path("ben.pem"),
                  "--seed-share-key",
                  Path("ann-share.pem"),
                  "--seed-share-key",
                  Path("ben-share.pem"),
                  "--evidence-level",
                  level,
                  "-o",
                  Path(output)});
  }
  // A changed copy of a manifest.
  std::string Changed(const std::string& from, const std::string& to,
                      const std::function<void(json&)>& change) {
    std::ifstream in(from);
    json manifest = json::parse(in);
    change(manifest);
    return Write(to, manifest.dump(1));
  }
  std::string NextOfWorkspace(
      const std::string& to, const std::function<void(json&)>& change = [](json&) {}) {
    return Changed(workspace_ + "/manifest.json", to, [&](json& m) {
      m["generation"] = "2";
      change(m);
    });
  }
  // The registry of a cluster with the key service's own node and one more.
  void ShowNodes(const std::string& worker_image = "kedge-test 1") {
    json status = {{"phase", "SERVING"}, {"node", "node-1"}, {"nodes", json::array()}};
    for (const auto& [name, role, image] : std::vector<std::array<std::string, 3>>{
             {"node-1", "control-plane", "kedge-test 1"}, {"node-2", "worker", worker_image}}) {
      status["nodes"].push_back({{"name", name},
                                 {"role", role},
                                 {"image", image},
                                 {"state", "JOINED"},
                                 {"identity_kind", "ek"},
                                 {"evidence_level", "host-vtpm"},
                                 {"verdict", "trusted"}});
    }
    service_.status_json = status.dump();
  }
};

TEST_F(ManifestCliTest, InitMakesAManifestOfPublicKeysAlone) {
  const Ended made = Init("m.json");
  ASSERT_EQ(made.code, ExitCode::kGood) << made.err;
  ASSERT_OK_AND_ASSIGN(const Bytes file, ReadFileBounded(Path("m.json"), kMaxManifestSize));
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, wire::ParseManifest(file));
  EXPECT_EQ(manifest.generation(), 1U);
  ASSERT_EQ(manifest.owner_keys().size(), 2U);
  EXPECT_EQ(manifest.owner_keys()[1].name, "ben");
  EXPECT_EQ(manifest.seed_share_keys()[0].name, "ann-share");
  EXPECT_EQ(json::parse(made.out)["digest"], ToHex(manifest.digest()));
  EXPECT_EQ(Init("m.json").code, ExitCode::kMalformed) << "never replaced";
  EXPECT_EQ(Init("other.json", "insecure").code, ExitCode::kMalformed);
  EXPECT_EQ(Kedge({"manifest", "init", "--cluster", "test"}).code, ExitCode::kMalformed);
}

TEST_F(ManifestCliTest, LintWarnsAndFailsOnMistakes) {
  ASSERT_EQ(Init("m.json").code, ExitCode::kGood);
  const Ended no_tee = Kedge({"manifest", "lint", Path("m.json")});
  EXPECT_EQ(no_tee.code, ExitCode::kGood);
  EXPECT_THAT(no_tee.out, HasSubstr("NO_TEE_ACCEPTED"));
  Changed(Path("m.json"), "clean.json", [](json& m) {
    std::ifstream rules(std::string(KEDGE_SOURCE_DIR) + "/docs/examples/attestation-policy.json");
    m["attestation_policy"] = json::parse(rules);
  });
  const Ended clean = Kedge({"manifest", "lint", Path("clean.json")});
  EXPECT_EQ(clean.code, ExitCode::kGood);
  EXPECT_EQ(clean.out, "nothing found\n");

  ASSERT_EQ(Init("host.json", "host-vtpm").code, ExitCode::kGood);
  const Ended warned = Kedge({"--json", "manifest", "lint", Path("host.json")});
  EXPECT_EQ(warned.code, ExitCode::kGood) << "a warning is no refusal";
  EXPECT_EQ(json::parse(warned.out)["findings"][0]["code"], "NOT_CONFIDENTIAL");

  Changed(Path("m.json"), "alias.json", [](json& m) {
    m["owner_keys"][1]["public_key_pem"] = m["owner_keys"][0]["public_key_pem"];
  });
  const Ended failed = Kedge({"manifest", "lint", Path("alias.json")});
  EXPECT_EQ(failed.code, ExitCode::kRefused);
  EXPECT_THAT(failed.err, HasSubstr("SAME_KEY_TWICE"));

  Changed(Path("m.json"), "bad.json", [](json& m) { m["surprise"] = 1; });
  EXPECT_EQ(Kedge({"manifest", "lint", Path("bad.json")}).code, ExitCode::kMalformed);
  EXPECT_EQ(Kedge({"manifest", "lint", Path("none.json")}).code, ExitCode::kMalformed);
  EXPECT_EQ(Kedge({"manifest", "lint", folder_}).code, ExitCode::kMalformed);
}

TEST_F(ManifestCliTest, DiffAndExplainPrintForPeopleAndPrograms) {
  ASSERT_EQ(Init("a.json").code, ExitCode::kGood);
  Changed(Path("a.json"), "b.json", [](json& m) {
    m["generation"] = "2";
    m["roles"][1]["evidence_levels"].push_back("host-vtpm");
  });
  const Ended diff = Kedge({"manifest", "diff", Path("a.json"), Path("b.json")});
  EXPECT_EQ(diff.code, ExitCode::kGood);
  EXPECT_EQ(diff.out,
            "neutral  generation: was 1, is 2\n"
            "widens  roles: worker: evidence_levels: added host-vtpm\n");
  EXPECT_EQ(
      json::parse(
          Kedge({"--json", "manifest", "diff", Path("a.json"), Path("b.json")}).out)["changes"]
          .size(),
      2U);
  EXPECT_EQ(Kedge({"manifest", "diff", Path("a.json"), Path("a.json")}).out, "both say the same\n");

  const Ended explained = Kedge({"manifest", "explain", Path("b.json")});
  EXPECT_EQ(explained.code, ExitCode::kGood);
  EXPECT_THAT(explained.out, HasSubstr("can derive every workload secret"));
  EXPECT_THAT(explained.out, HasSubstr("not confidential"));
  EXPECT_EQ(
      json::parse(Kedge({"--json", "manifest", "explain", Path("b.json")}).out)["parties"].size(),
      6U);
}

TEST_F(ManifestCliTest, AnUpdateIsJudgedByTheLiveNodesAndTheOwnersShare) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  ShowNodes();
  const std::string current = workspace_ + "/manifest.json";
  const auto lint = [&](const std::string& next, std::vector<std::string> more) {
    more.insert(more.begin(), {"manifest", "lint", next, "--after", current});
    return Kedge(more);
  };
  const std::string same = NextOfWorkspace("same.json");
  const std::vector<std::string> ask = {"--endpoint", "a:1"};
  const Ended good = lint(same, ask);
  EXPECT_EQ(good.code, ExitCode::kGood) << good.out << good.err;
  EXPECT_THAT(good.out, Not(HasSubstr("lock-out")));

  // Nobody was asked.
  const Ended unknown = lint(same, {});
  EXPECT_EQ(unknown.code, ExitCode::kRefused);
  EXPECT_THAT(unknown.err, HasSubstr("COORDINATOR_UNKNOWN"));
  EXPECT_EQ(lint(same, {"--allow", "COORDINATOR_UNKNOWN"}).code, ExitCode::kGood);
  EXPECT_EQ(lint(same, {"--allow", "NO_OWNER_KEPT"}).code, ExitCode::kMalformed);

  // An image that nothing runs any more.
  const std::string other = NextOfWorkspace(
      "other.json", [](json& m) { m["images"][0]["pcrs"]["4"] = std::string(64, '7'); });
  const Ended refused = lint(other, ask);
  EXPECT_EQ(refused.code, ExitCode::kRefused);
  EXPECT_THAT(refused.err, HasSubstr("COORDINATOR_NOT_ALLOWED"));
  EXPECT_THAT(refused.out, HasSubstr("NODES_NOT_ALLOWED: nodes that would be refused at their "
                                     "next start: node-2 (image kedge-test 1)"));
  EXPECT_EQ(lint(other, {"--endpoint", "a:1", "--allow", "COORDINATOR_NOT_ALLOWED", "--allow",
                         "NODES_NOT_ALLOWED"})
                .code,
            ExitCode::kGood);

  // A share that is not there cannot be tested.
  std::filesystem::remove(workspace_ + "/seedshare.key");
  EXPECT_THAT(lint(same, ask).err, HasSubstr("NO_SHARE_TESTED"));

  EXPECT_THAT(lint(current, ask).err, HasSubstr("UPDATE_NOT_NEXT"));
  EXPECT_EQ(Kedge({"manifest", "lint", same, "--allow", "X"}).code, ExitCode::kMalformed);
}

}  // namespace
}  // namespace kedge::cli
