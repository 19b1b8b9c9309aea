// kedge node: what is sent, what is shown, how it ends.
#include "cli/testing/cli_test.h"

namespace kedge::cli {
namespace {

const std::string kIdentity = std::string(64, 'a');

class NodeTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    ASSERT_EQ(InitCluster().code, ExitCode::kGood);
    service_.status_json =
        nlohmann::json{{"phase", "SERVING"}, {"nodes", {NodeJson("node-1"), NodeJson("node-2")}}}
            .dump();
    service_.command_json = nlohmann::json{{"node", NodeJson("node-2")}, {"changed", true}}.dump();
  }
  static nlohmann::json NodeJson(const std::string& name) {
    nlohmann::json node = {{"name", name},
                           {"role", "worker"},
                           {"state", "JOINED"},
                           {"identity_kind", "ek"},
                           {"identity", std::string(64, 'e')},
                           {"disk", "formatted 0123456789abcdef"}};
    if (name == "node-2") {
      node["refused_identity_kind"] = "ek";
      node["refused_identity"] = kIdentity;
      node["refused_time"] = "2026-05-28T20:26:40Z";
      node["revoked_identities"] = {std::string(64, 'b')};
      node["owner_acts"] = {{{"time", "2026-05-28T20:00:00Z"},
                             {"command", "rebind"},
                             {"owner", "alice"},
                             {"reason", "new board"}}};
    }
    return node;
  }
  Ended Node(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "node");
    arguments.insert(arguments.end(), {"--endpoint", "a:1"});
    return Kedge(std::move(arguments));
  }
  const v1::NodeCommandRequest& Sent() { return service_.requests.back().node_command(); }
};

TEST_F(NodeTest, ListShowsEveryNodeInBothForms) {
  const Ended ended = Node({"list"});
  ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
  for (const char* text : {"node-1", "node-2", "JOINED", "ek eeeeeeeeeeeeeeee", "aaaaaaaaaaaaaaaa",
                           "rebind 2026-05-28T20:00:00Z", "formatted 0123456789abcdef"}) {
    EXPECT_NE(ended.out.find(text), std::string::npos) << text << " in\n" << ended.out;
  }
  const auto json = nlohmann::json::parse(Node({"list", "--json"}).out);
  ASSERT_EQ(json.at("nodes").size(), 2U);
  EXPECT_EQ(json.at("nodes")[1].at("refused_identity"), kIdentity);
}

TEST_F(NodeTest, ShowHasTheMachineRefusedAndWhatOwnersOrdered) {
  const Ended ended = Node({"show", "node-2"});
  ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
  for (const std::string& text :
       {std::string("kedge node rebind node-2 --last-refused"), kIdentity, std::string(64, 'b'),
        std::string("alice"), std::string("new board")}) {
    EXPECT_NE(ended.out.find(text), std::string::npos) << text << " in\n" << ended.out;
  }
  const auto json = nlohmann::json::parse(Node({"show", "node-2", "--json"}).out);
  EXPECT_EQ(json.at("owner_acts")[0].at("owner"), "alice");
  EXPECT_EQ(Node({"show", "node-9"}).code, ExitCode::kRefused);
  EXPECT_EQ(Node({"show", "../x"}).code, ExitCode::kMalformed);
}

TEST_F(NodeTest, RebindSendsTheMachineThatIsNamed) {
  const Ended ended =
      Node({"rebind", "node-2", "--identity", std::string(64, 'c'), "--reason", "moved"});
  ASSERT_EQ(ended.code, ExitCode::kGood) << ended.err;
  EXPECT_EQ(Sent().node(), "node-2");
  EXPECT_EQ(Sent().reason(), "moved");
  EXPECT_EQ(Sent().rebind().identity_kind(), "ek");
  EXPECT_EQ(Sent().rebind().identity(), std::string(32, '\xCC'));
  EXPECT_NE(ended.out.find("JOINED"), std::string::npos);
}

TEST_F(NodeTest, RebindToTheLastRefusedSendsWhatTheOwnerWasShown) {
  ASSERT_EQ(Node({"rebind", "node-2", "--last-refused"}).code, ExitCode::kGood);
  EXPECT_EQ(Sent().rebind().identity(), std::string(32, '\xAA'));
  const size_t before = service_.requests.size();
  const Ended none = Node({"rebind", "node-1", "--last-refused"});
  EXPECT_EQ(none.code, ExitCode::kRefused);
  EXPECT_NE(none.err.find("NONE_REFUSED"), std::string::npos) << none.err;
  EXPECT_EQ(service_.requests.size(), before + 1) << "the question, and no order";
}

TEST_F(NodeTest, RevokeSendsItsReason) {
  ASSERT_EQ(Node({"revoke", "node-2", "--reason", "stolen"}).code, ExitCode::kGood);
  EXPECT_TRUE(Sent().has_revoke());
  EXPECT_EQ(Sent().reason(), "stolen");
}

TEST_F(NodeTest, AcceptDiskSendsTheCounter) {
  ASSERT_EQ(Node({"accept-disk", "node-2", "--counter", "7"}).code, ExitCode::kGood);
  EXPECT_EQ(Sent().accept_disk().disk_counter(), 7U);
}

TEST_F(NodeTest, WhatWasSoAlreadyIsSaid) {
  service_.command_json = nlohmann::json{{"node", NodeJson("node-2")}}.dump();
  const Ended ended = Node({"revoke", "node-2", "--reason", "stolen"});
  EXPECT_EQ(ended.code, ExitCode::kGood);
  EXPECT_NE(ended.out.find("nothing was changed"), std::string::npos);
  const auto json =
      nlohmann::json::parse(Node({"revoke", "node-2", "--reason", "x", "--json"}).out);
  EXPECT_EQ(json.at("changed"), false);
}

TEST_F(NodeTest, BadUsageSendsNothing) {
  const int before = service_.exchanges;
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"rebind", "node-2"},
           {"rebind", "node-2", "--identity", "abc"},
           {"rebind", "node-2", "--identity", kIdentity, "--last-refused"},
           {"rebind", "../x", "--identity", kIdentity},
           {"rebind", "node-2", "--identity", kIdentity, "--reason", "two\nlines"},
           {"accept-disk", "node-2"},
           {"accept-disk", "node-2", "--counter", "-1"},
           {"accept-disk", "node-2", "--counter", "18446744073709551615"},
           {"revoke", "node-2"},
           {"revoke", "node-2", "--reason", std::string(257, 'x')}}) {
    EXPECT_EQ(Node(arguments).code, ExitCode::kMalformed) << arguments.back();
  }
  EXPECT_EQ(service_.exchanges, before);
}

TEST_F(NodeTest, RefusalsAreOneAndNobodyIsThree) {
  service_.refuse = Refused("COORDINATOR_NODE", "x");
  const Ended refused = Node({"revoke", "node-1", "--reason", "x"});
  EXPECT_EQ(refused.code, ExitCode::kRefused);
  EXPECT_NE(refused.err.find("COORDINATOR_NODE"), std::string::npos);
  service_.refuse = absl::OkStatus();
  network_ = MakeError(StatusCode::kUnavailable, "connection refused");
  EXPECT_EQ(Node({"revoke", "node-2", "--reason", "x"}).code, ExitCode::kUnreachable);
}

}  // namespace
}  // namespace kedge::cli
