#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/testing/cli_test.h"
#include "house/folders.h"

namespace kedge::cli {
namespace {

using nlohmann::json;

json ReadJson(const std::string& path) {
  std::ifstream in(path);
  return in ? json::parse(in) : json();
}

class SeedTest : public CliTest {
 protected:
  // A file of mode 0600 with this content.
  std::string SecretFile(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  Ended Derive(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--json", "seed", "derive"});
    return Kedge(std::move(arguments));
  }
  // Of one of the project's own vectors.
  const json vector_ = ReadJson(std::string(KEDGE_SOURCE_DIR) +
                                "/tests/testdata/key_tree_vectors.json")["vectors"][0];
  const std::string seed_ = vector_["seed"];
  const std::string salt_ = vector_["salt"];
  const json tree_ = {{"seed", vector_["seed"]},
                      {"salt", vector_["salt"]},
                      {"pod_state_seed", vector_["pod_state_seed"]},
                      {"history_seed", vector_["history_seed"]},
                      {"root_ca_p384_scalar", vector_["root_ca_p384_scalar"]},
                      {"transaction_signing_p384_scalar", vector_["transaction_p384_scalar"]},
                      {"workload_secrets", {{"node-1", vector_["workload_secret"]}}}};
};

// Each set of the shared file is exactly what the command prints for its seed, salt and ids.
TEST_F(SeedTest, SharedVectorsComeOutAsTheyAre) {
  const char* set = std::getenv("KEDGE_VECTORS");
  const std::string path =
      (set != nullptr ? set : std::string(KEDGE_SOURCE_DIR) + "/../shared/vectors") +
      std::string("/keys/contrast-compatible.json");
  const json file = ReadJson(path);
  if (file.is_null()) {
    GTEST_SKIP() << "NOT TESTED: no shared key vectors at " << path << " (set KEDGE_VECTORS)";
  }
  ASSERT_EQ(file["sets"].size(), 2U);
  for (const json& expected : file["sets"]) {
    std::vector<std::string> arguments = {"--seed", expected["seed"], "--salt", expected["salt"]};
    for (const auto& [id, secret] : expected["workload_secrets"].items()) {
      arguments.insert(arguments.end(), {"--workload", id});
    }
    const Ended ended = Derive(arguments);
    ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
    EXPECT_EQ(json::parse(ended.out), expected);
  }
}

TEST_F(SeedTest, TheSeedComesFromAFileInEitherFormOrFromStandardInput) {
  const auto raw = FromHex(seed_).value();
  std::string upper = seed_;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  const std::vector<std::string> rest = {"--salt", salt_, "--workload", "node-1"};
  const auto derive = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    const Ended ended = Derive(arguments);
    EXPECT_EQ(ended.code, ExitCode::kGood) << ended.err;
    return json::parse(ended.out);
  };
  EXPECT_EQ(derive({"--seed-file", SecretFile("hex", seed_ + "\n")}), tree_);
  EXPECT_EQ(derive({"--seed-file", SecretFile("upper", " " + upper + "\r\n")}), tree_);
  EXPECT_EQ(derive({"--seed-file", SecretFile("raw", std::string(AsText(raw)))}), tree_);
  EXPECT_EQ(derive({"--seed", upper}), tree_);
  input_ = seed_ + "\n";
  EXPECT_EQ(derive({"--seed-file", "-"}), tree_);
  input_ = AsText(raw);
  EXPECT_EQ(derive({"--seed-file", "-"}), tree_);
}

TEST_F(SeedTest, IdsAreTakenByteForByte) {
  const std::vector<std::string> ids = {"node-1", " ",      "[a,b]",       "a,b",   "{}",  "node-1",
                                        "seed",   "--json", "caf\xc3\xa9", "\"q\"", "a\nb"};
  std::vector<std::string> arguments = {"--seed-file", SecretFile("seed", seed_), "--salt", salt_};
  for (const std::string& id : ids) arguments.push_back("--workload=" + id);
  const Ended ended = Derive(arguments);
  ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
  const json secrets = json::parse(ended.out)["workload_secrets"];
  EXPECT_EQ(secrets.size(), ids.size() - 1) << "one is named twice";
  const KeyTree tree =
      KeyTree::Create(SecretBytes::CopyOf(FromHex(seed_).value()).value(), FromHex(salt_).value())
          .value();
  for (const std::string& id : ids) {
    const SecretBytes expected = tree.WorkloadSecret(id).value();
    EXPECT_EQ(secrets.at(id), expected.Reveal([](ByteView r) { return ToHex(r); })) << id;
  }
}

TEST_F(SeedTest, WithoutIdsThereIsAnEmptyMap) {
  const Ended ended = Derive({"--seed", seed_, "--salt", salt_});
  ASSERT_EQ(ended.code, ExitCode::kGood);
  EXPECT_EQ(json::parse(ended.out)["workload_secrets"], json::object());
}

TEST_F(SeedTest, WarnsOnStandardErrorWhateverTheForm) {
  const std::string file = SecretFile("seed", seed_);
  const Ended text =
      Kedge({"seed", "derive", "--seed-file", file, "--salt", salt_, "--workload", "node-1"});
  EXPECT_EQ(text.code, ExitCode::kGood);
  EXPECT_NE(text.err.find("warning: this prints secrets"), std::string::npos);
  EXPECT_EQ(text.err.find("command line"), std::string::npos);
  EXPECT_NE(text.out.find("workload_secrets[\"node-1\"] " +
                          vector_["workload_secret"].get<std::string>() + "\n"),
            std::string::npos);
  const Ended shown = Derive({"--seed", seed_, "--salt", salt_});
  EXPECT_NE(shown.err.find("command line"), std::string::npos);
  const Ended open = Derive({"--seed-file", SecretFile("open", seed_, 0644), "--salt", salt_});
  EXPECT_EQ(open.code, ExitCode::kGood);
  EXPECT_NE(open.err.find("can be read by others"), std::string::npos);
}

TEST_F(SeedTest, EveryBadInputEndsWithTwoAndShowsNothingSecret) {
  const std::string good = SecretFile("good", seed_);
  const std::string short_seed = seed_.substr(0, 62);
  ASSERT_EQ(mkdir((folder_ + "/folder").c_str(), 0700), 0);
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--salt", salt_},                                        // no seed
           {"--seed-file", "", "--salt", salt_},                     //
           {"--seed", "", "--salt", salt_},                          //
           {"--seed", seed_},                                        // no salt
           {"--seed-file", good, "--seed", seed_, "--salt", salt_},  // both
           {"--seed", seed_, "--seed", seed_, "--salt", salt_},      // twice
           {"--seed-file", good, "--salt", salt_, "--salt", salt_},
           {"--seed", short_seed, "--salt", salt_},  // 31 bytes
           {"--seed-file", SecretFile("short", short_seed + "\n"), "--salt", salt_},
           {"--seed-file", SecretFile("raw31", std::string(31, '\1')), "--salt", salt_},
           {"--seed", seed_ + "0", "--salt", salt_},  // odd
           {"--seed", "0x" + seed_, "--salt", salt_},
           {"--seed", " " + seed_, "--salt", salt_},
           {"--seed", seed_.substr(0, 126) + "zz", "--salt", salt_},
           {"--seed-file", SecretFile("typo", seed_.substr(0, 126) + "zz\n"), "--salt", salt_},
           {"--seed-file", SecretFile("lines", seed_ + "\n" + seed_), "--salt", salt_},
           {"--seed-file", SecretFile("empty", ""), "--salt", salt_},
           {"--seed-file", SecretFile("large", std::string(16385, '0')), "--salt", salt_},
           {"--seed-file", folder_ + "/none", "--salt", salt_},
           {"--seed-file", folder_ + "/folder", "--salt", salt_},
           {"--seed-file", "-", "--salt", salt_},  // nothing there
           {"--seed-file", good, "--salt", salt_.substr(2)},
           {"--seed-file", good, "--salt", salt_ + "00"},
           {"--seed-file", good, "--salt", salt_.substr(1)},
           {"--seed-file", good, "--salt", ""},
           {"--seed-file", good, "--salt", "0x" + salt_.substr(2)},
           {"--seed-file", good, "--salt", salt_, "--workload", ""},
           {"--seed-file", good, "--salt", salt_, "--workload", "a", "--workload", ""},
           {"--seed-file", good, "--salt", salt_, "--workload"},
           {"--seed-file", good, "--salt", salt_, "--workload", "a", "b"},
           {"--seed-file", good, "--salt", salt_, "--workload", "a\xff"},
           {"--seed-file", good, "--salt", salt_, "--workload", std::string(1025, 'a')},
           {"--seed-file", good, "--salt", salt_, "extra"},
       }) {
    const Ended ended = Derive(arguments);
    std::string shown;
    for (const std::string& argument : arguments) shown += argument + " ";
    EXPECT_EQ(ended.code, ExitCode::kMalformed) << shown << ended.err;
    EXPECT_NE(ended.err, "") << shown;
    EXPECT_EQ(ended.out.find("pod_state_seed"), std::string::npos) << shown;
    EXPECT_EQ((ended.out + ended.err).find(seed_.substr(0, 32)), std::string::npos) << shown;
  }
}

// A path is whatever the system takes; a document about it is JSON still.
TEST_F(SeedTest, AnErrorAboutAnyPathIsADocument) {
  const Ended ended = Derive({"--seed-file", folder_ + "/\xff", "--salt", salt_});
  EXPECT_EQ(ended.code, ExitCode::kMalformed);
  EXPECT_EQ(json::parse(ended.out)["error"]["exit_code"], 2);
}

}  // namespace
}  // namespace kedge::cli
