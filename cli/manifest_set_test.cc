// kedge manifest sign, set and cancel: what is signed and sent, what the workspace keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/testing/cli_test.h"
#include "keyservice/core/manifest_update.h"
#include "proto/wire/binary.h"
#include "proto/wire/json.h"
#include "proto/wire/manifest.h"
#include "proto/wire/receipt.h"

namespace kedge::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// The workspace's owner and another one, whose key is elsewhere.
class ManifestSetTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    ASSERT_EQ(Prepare().code, ExitCode::kGood);
    std::ofstream(Path("hsm.pem")) << hsm_.public_key().Pem();
    const std::string first = Change([this](json& m) {
      m["owner_keys"].push_back({{"name", "hsm"}, {"public_key_pem", hsm_.public_key().Pem()}});
      m["owner_threshold"] = 2;
    });
    std::ofstream(workspace_ + "/manifest.json") << first;
    BootFirstNode();
    const Ended init = Kedge({"init", "--endpoint", "a:1"});
    ASSERT_EQ(init.code, ExitCode::kGood) << init.err;
    const std::string next = Change([](json& m) { m["generation"] = "2"; });
    std::ofstream(Path("next.json")) << next;
    service_.set_manifest_json = [this] { return AnswerJson(); };
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Change(const std::function<void(json&)>& change) {
    json manifest = json::parse(File("manifest.json"));
    change(manifest);
    return manifest.dump(1);
  }
  std::string Outside(const std::string& name) {
    return std::string(AsText(ReadFileBounded(Path(name), 1 << 20).value_or(Bytes())));
  }
  Manifest Next() { return wire::ParseManifest(AsBytes(Outside("next.json"))).value(); }
  // What an honest service would say.
  std::string AnswerJson() {
    const v1::SetManifestRequest& request = service_.requests.back().set_manifest();
    Receipt receipt = *service_.receipt;
    if (in_force_) {
      receipt.latest =
          SignTransition(request.generation(), *ToArray<32>(AsBytes(request.manifest_digest())),
                         *ToArray<32>(AsBytes(request.previous())),
                         service_.tree->TransactionKey().value())
              .value();
    }
    change_receipt_(receipt);
    v1::SetManifestAnswer answer;
    answer.set_in_force(in_force_);
    *answer.mutable_receipt() = wire::ToWire(SignReceipt(receipt, *service_.identity).value());
    v1::UpdateProgress& progress = *answer.mutable_progress();
    progress.set_generation(request.generation());
    progress.set_manifest_digest(ToHex(AsBytes(request.manifest_digest())));
    progress.set_needed(2);
    progress.add_approved("hsm");
    progress.add_missing("owner");
    return wire::PrintJson(answer).value();
  }
  Ended RunManifest(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "manifest");
    return Kedge(std::move(arguments));
  }
  Ended Set(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"set", Path("next.json"), "--endpoint", "a:1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunManifest(std::move(arguments));
  }
  v1::SetManifestPayload Sent() {
    v1::SetManifestPayload payload;
    EXPECT_OK(wire::ParseBinary(service_.payloads.back(), kMaxPayload, "payload", &payload));
    return payload;
  }
  Receipt Held() { return wire::ParseReceipt(AsBytes(File("receipt.json"))).value(); }

  const SigningKey hsm_ = SigningKey::Generate(Curve::kP384).value();
  bool in_force_ = true;
  std::function<void(Receipt&)> change_receipt_ = [](Receipt&) {};
};

TEST_F(ManifestSetTest, SendsTheOwnersApprovalAndKeepsWhatIsInForce) {
  const Receipt before = Held();
  const Ended set = Set({"--allow", "NODES_NOT_ALLOWED"});
  ASSERT_EQ(set.code, ExitCode::kGood) << set.err;
  EXPECT_THAT(set.out, HasSubstr("in force"));
  const v1::SetManifestRequest& request = service_.requests.back().set_manifest();
  EXPECT_EQ(AsBytes(request.previous()).size(), 32U);
  EXPECT_TRUE(Equal(AsBytes(request.previous()), TransitionHash(before.latest)));
  EXPECT_EQ(service_.proofs.back(), ProofType::kNone);
  const v1::SetManifestPayload sent = Sent();
  EXPECT_EQ(sent.allow(0), "NODES_NOT_ALLOWED");
  EXPECT_EQ(sent.tested_share_keys_size(), 1) << "the workspace's share was opened";
  ASSERT_OK_AND_ASSIGN(const auto approvals, ParseApprovals(AsBytes(sent.approvals())));
  EXPECT_EQ(approvals.size(), 1U);
  // The workspace follows.
  EXPECT_EQ(File("manifest.json"), Outside("next.json"));
  EXPECT_EQ(Held().latest.generation, 2U);
  EXPECT_EQ(Held().latest.manifest_digest, Next().digest());
}

TEST_F(ManifestSetTest, WhatWaitsChangesNothingHere) {
  in_force_ = false;
  const std::string manifest = File("manifest.json");
  const Ended set = Set();
  ASSERT_EQ(set.code, ExitCode::kGood) << set.err;
  EXPECT_THAT(set.out, HasSubstr("1 of 2 approvals (hsm); who could still approve: owner"));
  EXPECT_EQ(File("manifest.json"), manifest);
  EXPECT_EQ(Held().latest.generation, 1U);
}

// The power goes between any two writes of the workspace: what recovers a cluster is still there.
TEST_F(ManifestSetTest, AReceiptNeverNamesAManifestThatIsNotThere) {
  const std::string manifest = File("manifest.json");
  ASSERT_EQ(Set().code, ExitCode::kGood);
  std::ofstream(workspace_ + "/manifest.json") << manifest;  // as before the last write
  const Workspace workspace(workspace_);
  ASSERT_OK_AND_ASSIGN(const auto found, workspace.LoadManifestOf(Held()));
  EXPECT_EQ(found.digest(), Next().digest());
}

TEST_F(ManifestSetTest, ADraftInTheWorkspaceIsNotWrittenOver) {
  const std::string in_force = File("manifest.json");
  const Workspace workspace(workspace_);
  std::ofstream(workspace_ + "/manifest.json")
      << Outside("next.json");  // generation 2, not set yet
  ASSERT_OK(workspace.KeepState(Held(), AsBytes(in_force)).status());
  EXPECT_EQ(File("manifest.json"), Outside("next.json"));
  ASSERT_OK_AND_ASSIGN(const auto found, workspace.LoadManifestOf(Held()));
  EXPECT_EQ(found.digest(), Sha256(AsBytes(in_force)));
}

TEST_F(ManifestSetTest, AnApprovalFromAnHsmIsCarried) {
  ASSERT_EQ(RunManifest({"sign", Path("next.json"), "--prepare", "-o", Path("to-sign")}).code,
            ExitCode::kGood);
  ASSERT_OK_AND_ASSIGN(const Bytes signature, hsm_.Sign(AsBytes(Outside("to-sign"))));
  std::ofstream(Path("signature")) << AsText(signature);
  const Ended sign = RunManifest({"sign", Path("next.json"), "--signature", Path("signature"),
                                  "--owner-key", Path("hsm.pem"), "-o", Path("hsm.approval")});
  ASSERT_EQ(sign.code, ExitCode::kGood) << sign.err;
  // What that key did not sign is no approval.
  std::ofstream(Path("no-signature")) << "no signature";
  EXPECT_THAT(RunManifest({"sign", Path("next.json"), "--signature", Path("no-signature"),
                           "--owner-key", Path("hsm.pem"), "-o", Path("bad.approval")})
                  .err,
              HasSubstr("NOT_OWNER"));
  EXPECT_FALSE(std::filesystem::exists(Path("bad.approval")));
  ASSERT_EQ(Set({"--approval", Path("hsm.approval")}).code, ExitCode::kGood);
  ASSERT_OK_AND_ASSIGN(const auto both, ParseApprovals(AsBytes(Sent().approvals())));
  EXPECT_EQ(both.size(), 2U);
}

TEST_F(ManifestSetTest, WithoutAnOwnersKeyItOnlyCarries) {
  const Ended sign = RunManifest({"sign", Path("next.json"), "-o", Path("own.approval")});
  ASSERT_EQ(sign.code, ExitCode::kGood) << sign.err;
  std::filesystem::remove(workspace_ + "/owner.key");
  const int before = service_.exchanges;
  EXPECT_EQ(Set().code, ExitCode::kMalformed);
  EXPECT_EQ(service_.exchanges, before) << "nothing is sent without an approval";
  EXPECT_EQ(Set({"--approval", Path("own.approval")}).code, ExitCode::kGood);
}

TEST_F(ManifestSetTest, WhatIsNoUpdateOfTheStateHereIsNotSent) {
  const int before = service_.exchanges;
  const std::string later = Change([](json& m) { m["generation"] = "3"; });
  std::ofstream(Path("next.json")) << later;
  EXPECT_THAT(Set().err, HasSubstr("UPDATE_NOT_NEXT"));
  const std::string edited = Change([](json& m) { m["owner_threshold"] = 1; });
  std::ofstream(workspace_ + "/manifest.json") << edited;
  EXPECT_THAT(Set().err, HasSubstr("MANIFEST_NOT_IN_FORCE"));
  EXPECT_EQ(service_.exchanges, before);
}

TEST_F(ManifestSetTest, AnAnswerThatDoesNotFitIsNotKept) {
  change_receipt_ = [](Receipt& receipt) { receipt.latest.manifest_digest = {1}; };
  EXPECT_THAT(Set().err, HasSubstr("ANSWER_NOT_CONSISTENT"));
  EXPECT_EQ(Held().latest.generation, 1U);
}

TEST_F(ManifestSetTest, StatusShowsWhatWaitsAndCancelTakesItBack) {
  service_.status_json = json{
      {"phase", "SERVING"},
      {"pending_update",
       {{"generation", "2"},
        {"manifest_digest", ToHex(Next().digest())},
        {"needed", 2},
        {"approved", {"hsm"}},
        {"missing",
         {"owner"}}}}}.dump();
  EXPECT_THAT(Kedge({"status", "--endpoint", "a:1"}).out, HasSubstr("1 of 2 approvals (hsm)"));
  const Ended cancel = RunManifest({"cancel", "--endpoint", "a:1"});
  ASSERT_EQ(cancel.code, ExitCode::kGood) << cancel.err;
  EXPECT_TRUE(
      Equal(AsBytes(service_.requests.back().cancel_update().manifest_digest()), Next().digest()));
  EXPECT_EQ(service_.proofs.back(), ProofType::kOwner);
  service_.status_json = json{{"phase", "SERVING"}}.dump();
  EXPECT_THAT(RunManifest({"cancel", "--endpoint", "a:1"}).err, HasSubstr("NOTHING_PENDING"));
}

}  // namespace
}  // namespace kedge::cli
