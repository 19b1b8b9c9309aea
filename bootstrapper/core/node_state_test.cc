#include "bootstrapper/core/node_state.h"

#include <absl/strings/str_replace.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

NodeState Example() {
  NodeState state{.node = "node-2",
                  .role = "worker",
                  .cluster_id = Bytes(32, 0xC1),
                  .service_key_spki = Bytes(91, 0x30),
                  .manifest_generation = 0xFFFFFFFFFFFFFFFF,
                  .dek_generation = 3,
                  .disk_reported = true,
                  .disk_counter = 7,
                  .counter_acknowledged = false,
                  .tpm_counter = 0xFFFFFFFFFFFFFFFE,
                  .tpm_counter_behind = false,
                  .boot_id = "5d2f5a3e-3d9c-4d2e-8d44-5f1f5f0f7a55",
                  .written_at = absl::FromUnixSeconds(1'763'000'000),
                  .ca_certificate_pem = "-----BEGIN CERTIFICATE-----\n",
                  .node_certificate_pem = "-----BEGIN CERTIFICATE-----\n"};
  state.manifest_digest.fill(0x11);
  state.header_digest.fill(0x22);
  return state;
}

StatusOr<NodeState> Parse(const std::string& text) { return ParseNodeState(AsBytes(text)); }
std::string With(const char* from, const char* to) {
  const std::string text = EncodeNodeState(Example());
  EXPECT_NE(text.find(from), std::string::npos) << from;
  return absl::StrReplaceAll(text, {{from, to}});
}

TEST(NodeState, RoundTrip) {
  ASSERT_OK_AND_ASSIGN(const NodeState parsed, Parse(EncodeNodeState(Example())));
  EXPECT_EQ(parsed, Example());
}

TEST(NodeState, EncodingIsStable) {
  EXPECT_TRUE(
      EncodeNodeState(Example()).starts_with("{\n  \"format\": \"kedge.node-state.v2\",\n"));
}

// As written before disks were counted: read, and counted from 0.
TEST(NodeState, FormatOneIsReadAtCounterZero) {
  NodeState old = Example();
  old.disk_counter = old.tpm_counter = 0;
  const std::string text =
      absl::StrReplaceAll(EncodeNodeState(old), {{"state.v2", "state.v1"},
                                                 {"  \"disk_counter\": 0,\n", ""},
                                                 {"  \"counter_acknowledged\": false,\n", ""},
                                                 {"  \"tpm_counter\": 0,\n", ""},
                                                 {"  \"tpm_counter_behind\": false,\n", ""}});
  ASSERT_OK_AND_ASSIGN(const NodeState parsed, Parse(text));
  EXPECT_EQ(parsed, old);
  EXPECT_THAT(Parse(With("state.v2", "state.v1")), HasFault("MALFORMED")) << "it has no counters";
}

TEST(NodeState, StrictlyRefused) {
  EXPECT_THAT(Parse(""), HasFault("MALFORMED"));
  EXPECT_THAT(Parse("null"), HasFault("MALFORMED"));
  EXPECT_THAT(Parse("[]"), HasFault("MALFORMED"));
  EXPECT_THAT(Parse("{}"), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(EncodeNodeState(Example()) + "x"), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(With("state.v2", "state.v3")), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(With("\"node\":", "\"extra\": 1,\n\"node\":")), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(With("\"role\": \"worker\",", "")), HasFault("MALFORMED")) << "missing";
  EXPECT_THAT(Parse(With("\"role\":", "\"role\": \"control-plane\", \"role\":")),
              HasFault("MALFORMED"))
      << "doubled";
  EXPECT_THAT(Parse(With("\"worker\"", "{\"a\":{\"b\":1}}")), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(With("\"dek_generation\": 3", "\"dek_generation\": 4294967296")),
              HasFault("MALFORMED"));
  EXPECT_THAT(Parse(With("\"dek_generation\": 3", "\"dek_generation\": -3")),
              HasFault("MALFORMED"));
  EXPECT_THAT(Parse(With("\"dek_generation\": 3", "\"dek_generation\": 3.0")),
              HasFault("MALFORMED"));
  EXPECT_THAT(Parse(With("true", "1")), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(With("\"1111", "\"11")), HasFault("MALFORMED")) << "short digest";
  EXPECT_THAT(Parse(With("wcHB", "w!HB")), HasFault("MALFORMED")) << "not base64";
  EXPECT_THAT(Parse(With("Z\"", "+00:00\"")), HasFault("MALFORMED")) << "another form of time";
  EXPECT_THAT(Parse(std::string(kMaxNodeStateSize + 1, ' ')), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
