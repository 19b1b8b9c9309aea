#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/testing/cli_test.h"
#include "proto/wire/receipt.h"

namespace kedge::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// Three owners with keys of their own, and a seed in a file.
class SeedShareCliTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    for (const char* name : {"ann", "ben", "cleo"}) {
      const RsaPrivateKey key = RsaPrivateKey::Generate(3072).value();
      Write(KeyFile(name),
            key.PrivatePem()->Reveal([](ByteView pem) { return std::string(AsText(pem)); }));
      Write(PublicFile(name), key.public_key().Pem());
    }
    Write(folder_ + "/seed", seed_);
  }
  void Write(const std::string& path, const std::string& content) {
    std::ofstream(path) << content;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  }
  std::string Read(const std::string& path) {
    return std::string(AsText(ReadFileBounded(path, 1 << 20).value_or(Bytes())));
  }
  std::string KeyFile(const std::string& name) { return folder_ + "/" + name + ".key"; }
  std::string PublicFile(const std::string& name) { return folder_ + "/" + name + ".pem"; }
  std::string Share(int index, const std::string& folder = "shares") {
    return folder_ + "/" + folder + "/threshold-share-" + std::to_string(index) + ".json";
  }
  Ended Split(const std::string& folder = "shares", const std::string& threshold = "2") {
    return Kedge({"--json", "seed", "split", "--seed-file", folder_ + "/seed", "--salt", salt_,
                  "--threshold", threshold, "--owner-key", PublicFile("ann"), "--owner-key",
                  PublicFile("ben"), "--owner-key", PublicFile("cleo"), "--output",
                  folder_ + "/" + folder});
  }
  Ended Combine(const std::vector<std::string>& shares, const std::vector<std::string>& keys) {
    std::vector<std::string> arguments = {"--json", "seed", "combine", "-o", folder_ + "/out"};
    for (const std::string& share : shares) arguments.insert(arguments.end(), {"--share", share});
    for (const std::string& key : keys) arguments.insert(arguments.end(), {"--key", key});
    return Kedge(arguments);
  }

  const std::string seed_ = std::string(64, 'a') + std::string(64, '7');  // 64 bytes
  const std::string salt_ = std::string(64, '5');
};

TEST_F(SeedShareCliTest, SplitAndCombineGiveTheSeedBack) {
  const Ended split = Split();
  ASSERT_EQ(split.code, ExitCode::kGood) << split.err;
  const json shares = json::parse(split.out)["shares"];
  ASSERT_EQ(shares.size(), 3U);
  EXPECT_EQ(shares[2]["owner"], "cleo");
  EXPECT_EQ(shares[2]["file"], Share(3));

  const Ended combined = Combine({Share(3), Share(1)}, {KeyFile("ann"), KeyFile("cleo")});
  ASSERT_EQ(combined.code, ExitCode::kGood) << combined.err;
  EXPECT_EQ(Read(folder_ + "/out"), seed_);
  struct stat info {};
  ASSERT_EQ(stat((folder_ + "/out").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const json answer = json::parse(combined.out);
  EXPECT_EQ(answer["salt"], salt_);
  EXPECT_EQ(answer["owners"], json({"cleo", "ann"}));
  EXPECT_EQ(answer["compared_with_receipt"], false);
  EXPECT_EQ(answer["service_key_id"], json::parse(split.out)["service_key_id"]);
  EXPECT_THAT(combined.err, HasSubstr("warning"));
  for (const std::string& printed : {split.out, split.err, combined.out, combined.err}) {
    EXPECT_THAT(printed, Not(HasSubstr(seed_.substr(0, 32))));
  }
  // Derive reads what combine wrote; nothing is ever replaced.
  EXPECT_EQ(Kedge({"seed", "derive", "--seed-file", folder_ + "/out", "--salt", salt_}).code,
            ExitCode::kGood);
  EXPECT_EQ(Combine({Share(1), Share(2)}, {KeyFile("ann"), KeyFile("ben")}).code,
            ExitCode::kMalformed);
  EXPECT_EQ(Split().code, ExitCode::kMalformed);
}

TEST_F(SeedShareCliTest, EveryBadShareIsRefusedByFileAndOwnerAndNothingIsWritten) {
  ASSERT_EQ(Split().code, ExitCode::kGood);
  ASSERT_EQ(Split("again").code, ExitCode::kGood);
  const auto changed = [this](const std::string& name, const std::function<void(json&)>& change) {
    json share = json::parse(Read(Share(2)));
    change(share);
    Write(folder_ + "/" + name, share.dump());
    return folder_ + "/" + name;
  };
  const json other = json::parse(Read(Share(2, "again")));
  const std::vector<std::string> keys = {KeyFile("ann"), KeyFile("ben")};
  struct Case {
    std::vector<std::string> shares;
    std::string fault;
    ExitCode code = ExitCode::kRefused;
  };
  for (const Case& c : std::vector<Case>{
           {{Share(1)}, "SHARES_MISSING"},
           {{Share(1), Share(1)}, "SHARE_TWICE"},
           {{Share(1), Share(3)}, "SHARE_NOT_FOR_THIS_KEY"},
           {{Share(1), Share(2, "again")}, "SHARE_OF_ANOTHER_SET"},
           {{Share(1),
             changed("value", [&](json& s) { s["encrypted_share"] = other["encrypted_share"]; })},
            "SHARE_DAMAGED"},
           {{Share(1), changed("owner", [](json& s) { s["set"]["slots"][1]["owner"] = "eve"; })},
            "SHARE_SET_NOT_AUTHENTIC"},
           {{Share(1), changed("place", [](json& s) { s["index"] = 3; })},
            "SHARE_NOT_FOR_THIS_KEY"},
           {{Share(1), changed("form", [](json& s) { s["set"].erase("salt"); })},
            "MALFORMED",
            ExitCode::kMalformed},
           {{Share(1), folder_ + "/none"}, "NOT_FOUND", ExitCode::kMalformed},
           {{Share(1), KeyFile("ann")}, "MALFORMED", ExitCode::kMalformed},
       }) {
    const Ended ended = Combine(c.shares, keys);
    EXPECT_EQ(ended.code, c.code) << c.fault << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(c.fault));
    if (c.shares.size() == 2 && c.fault != "SHARES_MISSING") {
      EXPECT_THAT(ended.err, HasSubstr(c.shares[1])) << "names the file";
    }
    EXPECT_FALSE(fs::exists(folder_ + "/out")) << c.fault;
  }
  EXPECT_THAT(Combine({Share(1), folder_ + "/value"}, keys).err, HasSubstr("'ben'"));
}

TEST_F(SeedShareCliTest, ATestOpensTheShareAndShowsNothing) {
  ASSERT_EQ(Split().code, ExitCode::kGood);
  const Ended tested =
      Kedge({"--json", "seed", "test", "--share", Share(2), "--key", KeyFile("ben")});
  ASSERT_EQ(tested.code, ExitCode::kGood) << tested.err;
  EXPECT_EQ(json::parse(tested.out)["owner"], "ben");
  EXPECT_EQ(json::parse(tested.out)["kind"], "share 2, 2 of 3 needed");
  EXPECT_EQ(Kedge({"seed", "test", "--share", Share(2), "--key", KeyFile("ann")}).code,
            ExitCode::kRefused);
  EXPECT_EQ(Kedge({"seed", "test", "--share", Share(2), "--key", PublicFile("ben")}).code,
            ExitCode::kMalformed);
}

TEST_F(SeedShareCliTest, BadUsageIsTwo) {
  const std::string seed = folder_ + "/seed";
  const std::vector<std::string> owners = {"--owner-key", PublicFile("ann"), "--owner-key",
                                           PublicFile("ben")};
  for (std::vector<std::string> arguments : std::vector<std::vector<std::string>>{
           {"split", "--seed-file", seed, "--salt", salt_},
           {"split", "--seed-file", seed, "--threshold", "2"},
           {"split", "--salt", salt_, "--threshold", "2"},
           {"split", "--seed-file", seed, "--salt", salt_, "--threshold", "1"},
           {"split", "--seed-file", seed, "--salt", salt_, "--threshold", "3"},
           {"split", "--seed-file", seed, "--salt", salt_, "--threshold", "x"},
           {"split", "--seed-file", seed, "--salt", salt_, "--threshold", "-2"},
           {"split", "--seed-file", seed, "--salt", "00", "--threshold", "2"},
           {"split", "--seed-file", seed, "--salt", salt_, "--threshold", "2", "--owner-key",
            KeyFile("cleo") + "x"},
           {"split", "--threshold", "2"},  // no share in the workspace
       }) {
    arguments.insert(arguments.begin(), "seed");
    arguments.insert(arguments.end(), owners.begin(), owners.end());
    EXPECT_EQ(Kedge(arguments).code, ExitCode::kMalformed) << arguments[1] << arguments.size();
  }
  EXPECT_EQ(Kedge({"seed"}).code, ExitCode::kMalformed);
  EXPECT_EQ(Kedge({"seed", "combine"}).code, ExitCode::kMalformed);
  EXPECT_EQ(Kedge({"seed", "test"}).code, ExitCode::kMalformed);
}

// ---- with a cluster ----

TEST_F(SeedShareCliTest, TheWorkspacesShareIsTestedAgainstItsReceipt) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  const Ended tested = Kedge({"--json", "seed", "test"});
  ASSERT_EQ(tested.code, ExitCode::kGood) << tested.err;
  EXPECT_EQ(json::parse(tested.out)["compared_with_receipt"], true);
  EXPECT_EQ(json::parse(tested.out)["kind"], "whole seed");
  // A share whose seed was replaced by one of the attacker's.
  const SeedShare share = wire::ParseSeedShare(AsBytes(File("seedshare.json"))).value();
  const KeyTree other = KeyTree::Generate(random_).value();
  const auto key =
      RsaPrivateKey::FromPem(SecretBytes::CopyOf(AsBytes(File("seedshare.key"))).value());
  SeedShare forged = share;
  forged.encrypted_seed = key->public_key().Encrypt("seedshare", other.seed()).value();
  Write(workspace_ + "/seedshare.json", wire::PrintSeedShare(forged).value());
  const Ended refused = Kedge({"seed", "test"});
  EXPECT_EQ(refused.code, ExitCode::kRefused);
  EXPECT_THAT(refused.err, HasSubstr("ANSWER_NOT_CONSISTENT"));
}

TEST_F(SeedShareCliTest, TwoOfThreeOwnersRecoverTheCluster) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  ASSERT_EQ(
      Kedge({"seed", "split", "--threshold", "2", "--owner-key", PublicFile("ann"), "--owner-key",
             PublicFile("ben"), "--owner-key", PublicFile("cleo"), "-o", folder_ + "/shares"})
          .code,
      ExitCode::kGood);
  // The share that held the whole seed is gone, as the command advises.
  fs::remove(workspace_ + "/seedshare.json");
  fs::remove(workspace_ + "/seedshare.key");
  service_.PowerCut();
  const auto recover = [this](const std::vector<int>& shares,
                              const std::vector<std::string>& keys) {
    std::vector<std::string> arguments = {"recover", "--endpoint", "a:1"};
    for (const int share : shares) arguments.insert(arguments.end(), {"--share", Share(share)});
    for (const auto& key : keys) arguments.insert(arguments.end(), {"--share-key", KeyFile(key)});
    return Kedge(arguments);
  };
  const int before = service_.exchanges;
  EXPECT_THAT(recover({1}, {"ann"}).err, HasSubstr("SHARES_MISSING"));
  EXPECT_EQ(Kedge({"recover", "--endpoint", "a:1", "--share", Share(1)}).code,
            ExitCode::kMalformed);
  // Shares of another cluster's seed stay here.
  ASSERT_EQ(Split("foreign").code, ExitCode::kRefused) << "the workspace has a receipt";
  const std::string workspace = workspace_;
  workspace_ = folder_ + "/elsewhere";
  ASSERT_EQ(Split("foreign").code, ExitCode::kGood);
  workspace_ = workspace;
  const Ended foreign =
      Kedge({"recover", "--endpoint", "a:1", "--share", Share(1, "foreign"), "--share",
             Share(2, "foreign"), "--share-key", KeyFile("ann"), "--share-key", KeyFile("ben")});
  EXPECT_THAT(foreign.err, HasSubstr("SHARE_SET_OF_ANOTHER_CLUSTER"));
  EXPECT_EQ(service_.exchanges, before) << "nothing was sent";

  const Ended recovered = recover({3, 2}, {"ben", "cleo"});
  EXPECT_EQ(recovered.code, ExitCode::kGood) << recovered.err;
}

}  // namespace
}  // namespace kedge::cli
