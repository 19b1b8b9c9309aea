#include "cli/run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/host/files.h"
#include "base/status_matchers.h"
#include "cli/testing/cli_test.h"
#include "proto/wire/invitation.h"
#include "proto/wire/manifest.h"
#include "proto/wire/receipt.h"

namespace kedge::cli {
namespace {

// ---- usage ----

TEST_F(CliTest, BadUsageIsTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"frobnicate"},
                                             {"status"},
                                             {"init", "--endpoint"},
                                             {"verify"},
                                             {"prepare", "--cluster", "x"},
                                             {"status", "--endpoint", "a:1", "--unknown"},
                                             {"--timeout", "0", "version"},
                                             {"node"},
                                             {"node", "list"},
                                             {"node", "rebind", "node-2", "--endpoint", "a:1"},
                                             {"node", "revoke", "node-2", "--endpoint", "a:1"},
                                             {"version", "extra"}}) {
    const Ended ended = Kedge(arguments);
    EXPECT_EQ(ended.code, ExitCode::kMalformed);
    EXPECT_NE(ended.err, "");
    EXPECT_EQ(ended.out, "");
  }
}

TEST_F(CliTest, HelpIsGoodAndNamesEveryCommand) {
  const Ended ended = Kedge({"--help"});
  EXPECT_EQ(ended.code, ExitCode::kGood);
  for (const char* word : {"prepare", "init", "invite", "status", "verify", "recover", "node",
                           "version", "Exit codes"}) {
    EXPECT_NE(ended.out.find(word), std::string::npos) << word;
  }
  for (const char* command : {"prepare", "init", "invite", "status", "recover"}) {
    EXPECT_EQ(Kedge({command, "--help"}).code, ExitCode::kGood);
  }
  EXPECT_NE(Kedge({"verify", "cluster", "--help"}).out.find("--reference"), std::string::npos);
}

TEST_F(CliTest, VersionInBothForms) {
  EXPECT_EQ(Kedge({"version"}).out.substr(0, 6), "kedge ");
  EXPECT_TRUE(nlohmann::json::parse(Kedge({"--json", "version"}).out).contains("version"));
  EXPECT_TRUE(nlohmann::json::parse(Kedge({"version", "--json"}).out).contains("version"));
}

// ---- prepare ----

TEST_F(CliTest, PrepareMakesAWorkspace) {
  const Ended ended = Prepare();
  ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
  EXPECT_NE(ended.out.find("not confidential"), std::string::npos);
  EXPECT_NE(ended.err.find("RSA-4096"), std::string::npos) << "progress for what takes seconds";
  EXPECT_EQ(Mode("owner.key"), 0600U);
  EXPECT_EQ(Mode("seedshare.key"), 0600U);
  ASSERT_OK_AND_ASSIGN(const Manifest manifest,
                       wire::ParseManifest(AsBytes(File("manifest.json"))));
  EXPECT_EQ(manifest.cluster(), "test");
  EXPECT_EQ(manifest.tpm_roots()[0].name, "root");
  ASSERT_OK_AND_ASSIGN(const wire::OpenedInvitation opened,
                       wire::OpenInvitation(AsBytes(File("node-1.invitation.json"))));
  EXPECT_EQ(opened.invitation.node, "node-1");
  EXPECT_EQ(opened.invitation.role, "control-plane");
  EXPECT_TRUE(opened.invitation.cluster_id.empty());
  EXPECT_EQ(opened.owner_key.spki(), manifest.owner_keys()[0].key.spki());
}

TEST_F(CliTest, PrepareNeverReplacesAWorkspace) {
  ASSERT_EQ(Prepare().code, ExitCode::kGood);
  const std::string key = File("owner.key");
  const Ended again = Prepare();
  EXPECT_EQ(again.code, ExitCode::kMalformed);
  EXPECT_NE(again.err.find("owner.key exists already"), std::string::npos);
  EXPECT_EQ(File("owner.key"), key);
}

TEST_F(CliTest, PrepareRefusesBadInputAndMakesNothing) {
  const std::string image = folder_ + "/reference-values.json";
  const std::string root = folder_ + "/root.pem";
  const auto prepare = [&](const std::string& cluster, const std::string& with_image,
                           const std::string& with_root, const std::string& level) {
    return Kedge({"prepare", "--cluster", cluster, "--image", with_image, "--tpm-root", with_root,
                  "--first-node", "node-1", "--evidence-level", level})
        .code;
  };
  EXPECT_EQ(prepare("a/b", image, root, "host-vtpm"), ExitCode::kMalformed);
  EXPECT_EQ(prepare("test", root, root, "host-vtpm"), ExitCode::kMalformed);
  EXPECT_EQ(prepare("test", image, image, "host-vtpm"), ExitCode::kMalformed);
  EXPECT_EQ(prepare("test", image, root, "insecure"), ExitCode::kMalformed);
  EXPECT_EQ(prepare("test", folder_ + "/none", root, "host-vtpm"), ExitCode::kMalformed);
  EXPECT_FALSE(std::filesystem::exists(workspace_));
}

// ---- init ----

TEST_F(CliTest, InitSavesWhatRecoveryNeeds) {
  const Ended ended = InitCluster();
  ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
  for (const char* name : {"seedshare.json", "receipt.json", "ca.pem"}) {
    EXPECT_NE(File(name), "") << name;
  }
  EXPECT_NE(ended.out.find(ToHex(service_.receipt->cluster_id)), std::string::npos);
  EXPECT_NE(ended.out.find("not confidential: host-run TPM"), std::string::npos);
  EXPECT_NE(ended.out.find("tested: it gives this cluster"), std::string::npos);
  EXPECT_EQ(endpoints_.front(), "192.168.77.11:7443");
}

TEST_F(CliTest, InitTwiceIsRefusedBeforeAnythingIsSent) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  const int exchanges = service_.exchanges;
  EXPECT_EQ(Kedge({"init", "--endpoint", "a:1"}).code, ExitCode::kMalformed);
  EXPECT_EQ(service_.exchanges, exchanges);
}

TEST_F(CliTest, InitOfAnUntrustedMachineIsOne) {
  ASSERT_EQ(Prepare().code, ExitCode::kGood);
  service_.node.Boot("another image");
  BootFirstNode();
  const Ended ended = Kedge({"init", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kRefused);
  EXPECT_NE(ended.err.find("SERVICE_NOT_TRUSTED"), std::string::npos);
  EXPECT_NE(ended.err.find("pcr.4"), std::string::npos) << "says what was expected: " << ended.err;
  EXPECT_FALSE(std::filesystem::exists(workspace_ + "/receipt.json"));
}

TEST_F(CliTest, InitOfAMachineWithAnotherHardwareIdIsOne) {
  ASSERT_EQ(Prepare().code, ExitCode::kGood);
  BootFirstNode();
  const Ended ended = Kedge({"init", "--endpoint", "a:1", "--hardware-id", std::string(64, '0')});
  EXPECT_EQ(ended.code, ExitCode::kRefused);
  EXPECT_NE(ended.err.find("MACHINE_CHANGED"), std::string::npos);
  EXPECT_EQ(service_.exchanges, 1);
}

TEST_F(CliTest, KeysThatOthersCanReadAreRefused) {
  ASSERT_EQ(Prepare().code, ExitCode::kGood);
  ASSERT_EQ(chmod((workspace_ + "/owner.key").c_str(), 0640), 0);
  const Ended ended = Kedge({"init", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kRefused);
  EXPECT_NE(ended.err.find("chmod 600"), std::string::npos);
  EXPECT_EQ(service_.exchanges, 0);
}

// ---- invite ----

TEST_F(CliTest, InvitePinsTheCluster) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  const std::string path = folder_ + "/two.json";
  const Ended ended = Kedge({"invite", "--node", "node-2", "--endpoint", "192.168.77.11:7443",
                             "--address", "192.168.77.12/24", "-o", path});
  ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
  ASSERT_OK_AND_ASSIGN(const Bytes file, ReadFileBounded(path, 65536));
  ASSERT_OK_AND_ASSIGN(const wire::OpenedInvitation opened, wire::OpenInvitation(file));
  EXPECT_EQ(opened.invitation.cluster_id, ToBytes(ByteView(service_.receipt->cluster_id)));
  EXPECT_EQ(opened.invitation.service_key_spki, service_.receipt->service_key_spki);
  EXPECT_EQ(opened.invitation.node, "node-2");
  EXPECT_EQ(opened.invitation.role, "worker");
  EXPECT_EQ(opened.invitation.minimum_generation, 1U);
  EXPECT_EQ(opened.invitation.control_plane_images.size(), 1U);
}

TEST_F(CliTest, InviteRefusesBadNamesRolesAndChangedManifests) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  const auto invite = [&](const std::string& node, const std::string& role) {
    return Kedge({"invite", "--node", node, "--role", role, "--endpoint", "a:1"}).code;
  };
  EXPECT_EQ(invite("../../etc/x", "worker"), ExitCode::kMalformed);
  EXPECT_EQ(invite("node-2", "admin"), ExitCode::kMalformed);
  EXPECT_EQ(invite("node-2", "worker"), ExitCode::kGood);
  std::ofstream(workspace_ + "/manifest.json", std::ios::app) << "\n";
  EXPECT_EQ(invite("node-3", "worker"), ExitCode::kRefused);
}

// ---- status ----

std::string StatusJson(const Receipt& receipt) {
  const Bytes pcr15 = ExtendedPcr(PcrBank::kSha256, ZeroPcr(PcrBank::kSha256),
                                  ClusterIdEvent(receipt.cluster_id).content);
  const auto node = [&](const char* name, const char* role, const std::string& pcr) {
    return nlohmann::json{{"name", name},
                          {"role", role},
                          {"image", "kedge-test 1"},
                          {"state", "JOINED"},
                          {"pcr15", pcr},
                          {"identity_kind", "ek"},
                          {"identity", std::string(64, 'e')},
                          {"host_controlled", true},
                          {"evidence_level", "host-vtpm"},
                          {"verdict", "trusted"},
                          {"disk", "formatted 0123456789abcdef"}};
  };
  return nlohmann::json{
      {"phase", "SERVING"},
      {"node", "node-1"},
      {"cluster", "test"},
      {"cluster_id", ToHex(receipt.cluster_id)},
      {"manifest_generation", "1"},
      {"store_attached", true},
      {"nodes",
       {node("node-1", "control-plane", ToHex(pcr15)), node("node-2", "worker", ToHex(Bytes(32)))}},
      {"refusals",
       {{{"code", "IMAGE_NOT_ALLOWED"},
         {"node", "node-3"},
         {"reason", "pcr.4: expected 00, got 11"},
         {"correlation_id", "0123456789abcdef"},
         {"time", "2025-10-09T08:53:20Z"},
         {"count", 2}}}}}
      .dump();
}

TEST_F(CliTest, StatusShowsNodesAndRefusals) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.status_json = StatusJson(*service_.receipt);
  const Ended ended = Kedge({"status", "--endpoint", "a:1"});
  ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
  for (const char* text :
       {"node-1", "control-plane", "kedge-test 1", "(host-controlled)", "host-vtpm", "trusted",
        "formatted 0123456789abcdef", "not confidential: host-run TPM", "OTHER CLUSTER",
        "IMAGE_NOT_ALLOWED", "pcr.4: expected 00, got 11", "0123456789abcdef"}) {
    EXPECT_NE(ended.out.find(text), std::string::npos) << text << " in\n" << ended.out;
  }
  const auto json = nlohmann::json::parse(Kedge({"--json", "status", "--endpoint", "a:1"}).out);
  EXPECT_EQ(json.at("nodes").size(), 2U);
  EXPECT_EQ(json.at("nodes")[0].at("evidence_level"), "host-vtpm");
  EXPECT_EQ(json.at("machine").at("verdict"), "trusted");
}

// The owner's receipt follows the coordinator's disk, and never goes back.
TEST_F(CliTest, StatusKeepsAFresherReceiptAndNoOlderOne) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  const auto status_at = [this](uint64_t counter) {
    Receipt receipt = *service_.receipt;
    receipt.coordinator_disk_counter = counter;
    receipt = SignReceipt(receipt, *service_.identity).value();
    auto json = nlohmann::json::parse(StatusJson(*service_.receipt));
    json["receipt"] = nlohmann::json::parse(wire::PrintReceipt(receipt).value());
    json["nodes"][1]["disk_counter"] = "7";
    json["nodes"][1]["next_disk_counter"] = "8";
    json["nodes"][1]["warning"] = "TPM counter behind: vTPM replaced or rolled back";
    service_.status_json = json.dump();
    const Ended ended = Kedge({"status", "--endpoint", "a:1"});
    EXPECT_EQ(ended.code, ExitCode::kGood) << ended.err;
    return ended.out;
  };
  const auto kept = [this] {
    return wire::ParseReceipt(AsBytes(File("receipt.json"))).value().coordinator_disk_counter;
  };
  const std::string shown = status_at(5);
  EXPECT_NE(shown.find("fresher: generation 1, node-1's disk at counter 5"), std::string::npos)
      << shown;
  EXPECT_NE(shown.find("7 or 8"), std::string::npos) << shown;
  EXPECT_NE(shown.find("WARNING      node-2: TPM counter behind"), std::string::npos) << shown;
  EXPECT_EQ(kept(), 5U);
  EXPECT_EQ(status_at(4).find("fresher"), std::string::npos);
  EXPECT_EQ(kept(), 5U);
  status_at(6);
  EXPECT_EQ(kept(), 6U);
}

TEST_F(CliTest, StatusOfAServiceThatWaitsIsFourAndSaysForWhat) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.PowerCut();
  service_.status_json =
      R"({"phase": "AWAITING_SEED", "node": "node-1", "refusals": [{"code": "WRONG_SEED"}]})";
  const Ended ended = Kedge({"status", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kWaiting);
  EXPECT_NE(ended.err.find("run `kedge recover`"), std::string::npos) << ended.err;
  EXPECT_NE(ended.out.find("WRONG_SEED"), std::string::npos) << ended.out;
  const Ended json = Kedge({"--json", "status", "--endpoint", "a:1"});
  EXPECT_EQ(json.code, ExitCode::kWaiting);
  EXPECT_EQ(nlohmann::json::parse(json.out).at("phase"), "AWAITING_SEED");
}

TEST_F(CliTest, StatusOfAnUntrustedServiceThatWaitsShowsNothing) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.PowerCut();
  service_.node.Boot("another image");
  const Ended ended = Kedge({"--json", "status", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kRefused);
  const auto json = nlohmann::json::parse(ended.out);
  EXPECT_EQ(json.at("error").at("code"), "SERVICE_NOT_TRUSTED");
  EXPECT_EQ(json.at("error").at("exit_code"), 1);
}

TEST_F(CliTest, NobodyAnsweringIsThreeAfterTheTimeout) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  network_ = MakeError(StatusCode::kUnavailable, "connection refused");
  endpoints_.clear();
  const absl::Time begin = clock_.now;
  const Ended ended = Kedge({"--timeout", "10", "status", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kUnreachable);
  EXPECT_EQ(endpoints_.size(), 5U) << "tried every two seconds";
  EXPECT_LE(clock_.now - begin, absl::Seconds(10));
  EXPECT_NE(ended.err.find("trying again"), std::string::npos);
}

TEST_F(CliTest, ARefusalIsNotRepeated) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.refuse = Refused("NOT_OWNER", "x");
  endpoints_.clear();
  EXPECT_EQ(Kedge({"status", "--endpoint", "a:1"}).code, ExitCode::kRefused);
  EXPECT_EQ(endpoints_.size(), 1U);
}

// ---- verify ----

TEST_F(CliTest, VerifyTrustsTheClusterOfTheWorkspace) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  const Ended ended = Kedge({"verify", "cluster", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kGood) << ended.out << ended.err;
  for (const char* text : {"verdict      trusted", "ak.binding", "pcr.11", "event.cluster-id",
                           "not confidential: host-run TPM"}) {
    EXPECT_NE(ended.out.find(text), std::string::npos) << text << " in\n" << ended.out;
  }
}

TEST_F(CliTest, VerifyByAnOutsiderWithoutAWorkspace) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  workspace_ = folder_ + "/nothing";
  EXPECT_EQ(Kedge({"verify", "cluster", "--endpoint", "a:1"}).code, ExitCode::kMalformed);
  std::vector<std::string> arguments = {"--json",
                                        "verify",
                                        "cluster",
                                        "--endpoint",
                                        "a:1",
                                        "--reference",
                                        folder_ + "/reference-values.json",
                                        "--tpm-root",
                                        folder_ + "/root.pem",
                                        "--evidence-level",
                                        "host-vtpm"};
  const Ended learnt = Kedge(arguments);
  ASSERT_EQ(learnt.code, ExitCode::kGood) << learnt.out << learnt.err;
  EXPECT_EQ(nlohmann::json::parse(learnt.out).at("cluster_id_pinned"), false);
  arguments.insert(arguments.end(), {"--cluster-id", ToHex(service_.receipt->cluster_id)});
  EXPECT_EQ(nlohmann::json::parse(Kedge(arguments).out).at("cluster_id_pinned"), true);
  arguments.back() = std::string(64, '0');
  EXPECT_EQ(Kedge(arguments).code, ExitCode::kRefused);
  arguments.back() = "short";
  EXPECT_EQ(Kedge(arguments).code, ExitCode::kMalformed);
}

TEST_F(CliTest, VerifyOfAChangedImageIsOneAndNamesTheRow) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.node.tpm().ExtendData(4, AsBytes("something else ran"));
  const Ended ended = Kedge({"verify", "cluster", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kRefused);
  EXPECT_NE(ended.out.find("REFUSED"), std::string::npos);
  EXPECT_NE(ended.out.find("pcr.4"), std::string::npos);
  const auto json =
      nlohmann::json::parse(Kedge({"--json", "verify", "cluster", "--endpoint", "a:1"}).out);
  EXPECT_EQ(json.at("verdict"), "refused") << "one document, the answer itself";
}

TEST_F(CliTest, VerifyBeforeThereIsAClusterIsFour) {
  ASSERT_EQ(Prepare().code, ExitCode::kGood);
  const Ended ended = Kedge({"verify", "cluster", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kWaiting);
  EXPECT_NE(ended.err.find("AWAITING_INIT"), std::string::npos);
}

TEST_F(CliTest, VerifyDemandsTheEvidenceLevel) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  const Ended ended =
      Kedge({"verify", "cluster", "--endpoint", "a:1", "--evidence-level", "tee-measured"});
  EXPECT_EQ(ended.code, ExitCode::kRefused);
  EXPECT_NE(ended.out.find("evidence.level"), std::string::npos);
}

// ---- recover ----

TEST_F(CliTest, RecoverBringsTheClusterBack) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.PowerCut();
  const Ended ended = Kedge({"recover", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kGood) << ended.err;
  EXPECT_EQ(service_.phase, "SERVING");
  EXPECT_NE(ended.out.find("recovered"), std::string::npos);
  // It serves now.
  const Ended again = Kedge({"recover", "--endpoint", "a:1"});
  EXPECT_EQ(again.code, ExitCode::kRefused);
  EXPECT_EQ(ended.out.find("seedshare.key"), std::string::npos);
}

TEST_F(CliTest, RecoverTakesAnOlderDiskOnlyOnTheOwnersWord) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.PowerCut();
  service_.change_recover = [this](v1::RecoverResult& result) {
    Receipt receipt = *service_.receipt;
    receipt.coordinator_disk_counter = 12;
    *result.mutable_receipt() = wire::ToWire(SignReceipt(receipt, *service_.identity).value());
  };
  EXPECT_EQ(Kedge({"recover", "--endpoint", "a:1", "--accept-disk-counter", "-1"}).code,
            ExitCode::kMalformed);
  const Ended ended = Kedge({"recover", "--endpoint", "a:1", "--accept-disk-counter", "7"});
  EXPECT_EQ(ended.code, ExitCode::kGood) << ended.err;
  EXPECT_EQ(service_.requests.back().recover().accept_disk_counter(), 7U);
  EXPECT_EQ(wire::ParseReceipt(AsBytes(File("receipt.json"))).value().coordinator_disk_counter, 12U)
      << "a fresher receipt is kept";
}

TEST_F(CliTest, RecoverWithTheShareOfAnotherClusterIsOne) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.PowerCut();
  // The same owner's key, another seed.
  const Manifest manifest = wire::ParseManifest(AsBytes(File("manifest.json"))).value();
  const SeedShare wrong =
      MakeSeedShares(KeyTree::Generate(random_).value(), manifest).value().front();
  std::ofstream(workspace_ + "/seedshare.json") << wire::PrintSeedShare(wrong).value();
  const Ended ended = Kedge({"recover", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kRefused);
  EXPECT_NE(ended.err.find("WRONG_SEED"), std::string::npos);
  EXPECT_EQ(service_.phase, "AWAITING_SEED");
}

TEST_F(CliTest, RecoverWithoutTheShareKeyIsTwoAndSaysWhatIsMissing) {
  ASSERT_EQ(InitCluster().code, ExitCode::kGood);
  service_.PowerCut();
  std::filesystem::remove(workspace_ + "/seedshare.key");
  const Ended ended = Kedge({"recover", "--endpoint", "a:1"});
  EXPECT_EQ(ended.code, ExitCode::kMalformed);
  EXPECT_NE(ended.err.find("seedshare.key"), std::string::npos);
}

TEST_F(CliTest, NoSecretIsEverPrinted) {
  std::string printed;
  for (const Ended& ended : {InitCluster(), Kedge({"verify", "cluster", "--endpoint", "a:1"})}) {
    printed += ended.out + ended.err;
  }
  const std::string seed = service_.tree->seed().Reveal([](ByteView raw) { return ToHex(raw); });
  service_.PowerCut();
  const Ended recovered = Kedge({"--json", "recover", "--endpoint", "a:1"});
  printed += recovered.out + recovered.err;
  EXPECT_EQ(printed.find(seed), std::string::npos);
  EXPECT_EQ(printed.find("PRIVATE KEY"), std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(workspace_)) {
    if (entry.path().extension() == ".key") continue;
    const std::string content = File(entry.path().filename());
    EXPECT_EQ(content.find("PRIVATE KEY"), std::string::npos) << entry.path();
    EXPECT_EQ(content.find(seed), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace kedge::cli
