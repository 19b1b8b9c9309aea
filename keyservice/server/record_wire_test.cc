#include "keyservice/server/record_wire.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge::keyservice {
namespace {

const absl::Time kTime = absl::FromUnixMillis(1'780'000'000'123);

NodeEntry Entry() {
  NodeEntry entry;
  entry.name = "node-2";
  entry.role = "worker";
  entry.state = RegistryState::kJoined;
  entry.identity = {IdentityKind::kEk, Bytes(32, 1)};
  entry.ak_name = Bytes(34, 2);
  entry.header_digest = Sha256(AsBytes("header"));
  entry.last_seen = LastSeen{.time = kTime,
                             .trusted = true,
                             .image = "kedge 1",
                             .boot_phase = "ready",
                             .pcr15 = Bytes(32, 3),
                             .level = EvidenceLevel::kHostVtpm,
                             .failure = ""};
  entry.disk_counter = 11;
  entry.next_disk_counter = 12;
  entry.disk_accepted = true;
  entry.tpm_counter_behind = true;
  return entry;
}

TEST(RecordWireTest, ANodeReadsBack) {
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintNodeRecord(Entry()));
  ASSERT_OK_AND_ASSIGN(const NodeEntry entry, ParseNodeRecord(AsBytes(text)));
  EXPECT_EQ(entry.name, "node-2");
  EXPECT_EQ(entry.role, "worker");
  EXPECT_EQ(entry.state, RegistryState::kJoined);
  EXPECT_EQ(entry.identity, Entry().identity);
  EXPECT_EQ(entry.ak_name, Entry().ak_name);
  EXPECT_EQ(entry.header_digest, Entry().header_digest);
  EXPECT_EQ(entry.last_seen->time, kTime);
  EXPECT_TRUE(entry.last_seen->trusted);
  EXPECT_EQ(entry.last_seen->pcr15, Bytes(32, 3));
  EXPECT_EQ(entry.disk_counter, 11u);
  EXPECT_EQ(entry.next_disk_counter, 12u);
  EXPECT_EQ(entry.disk_counter_floor, std::nullopt);
  EXPECT_TRUE(entry.disk_accepted);
  EXPECT_TRUE(entry.tpm_counter_behind);
  EXPECT_EQ(PrintNodeRecord(entry).value(), text);
}

TEST(RecordWireTest, AFloorOfZeroIsNotNoFloor) {
  NodeEntry bare = Entry();
  bare.disk_counter_floor = 0;
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintNodeRecord(bare));
  ASSERT_OK_AND_ASSIGN(const NodeEntry entry, ParseNodeRecord(AsBytes(text)));
  EXPECT_EQ(entry.disk_counter_floor, 0u);
}

// As written before disks were counted.
TEST(RecordWireTest, ARecordOfFormatOneHasNoCounters) {
  NodeEntry old = Entry();
  old.disk_counter = old.next_disk_counter = 0;
  old.disk_accepted = old.tpm_counter_behind = false;
  std::string text = PrintNodeRecord(old).value();
  text.replace(text.find("kedge.node.v2"), 13, "kedge.node.v1");
  ASSERT_OK_AND_ASSIGN(const NodeEntry entry, ParseNodeRecord(AsBytes(text)));
  EXPECT_EQ(entry.disk_counter, 0u);
  EXPECT_EQ(entry.header_digest, Entry().header_digest);
  std::string counted = PrintNodeRecord(Entry()).value();
  counted.replace(counted.find("kedge.node.v2"), 13, "kedge.node.v1");
  EXPECT_THAT(ParseNodeRecord(AsBytes(counted)), HasFault("MALFORMED"));
}

TEST(RecordWireTest, ANodeWithoutADiskReadsBack) {
  NodeEntry bare = Entry();
  bare.header_digest.reset();
  bare.last_seen.reset();
  bare.ak_name.clear();
  bare.state = RegistryState::kEnrolled;
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintNodeRecord(bare));
  ASSERT_OK_AND_ASSIGN(const NodeEntry entry, ParseNodeRecord(AsBytes(text)));
  EXPECT_FALSE(entry.header_digest.has_value());
  EXPECT_FALSE(entry.last_seen.has_value());
  EXPECT_TRUE(entry.ak_name.empty());
}

TEST(RecordWireTest, ANodeIsReadStrictly) {
  const std::string good = PrintNodeRecord(Entry()).value();
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return ParseNodeRecord(AsBytes(text.replace(at, from.size(), to)));
  };
  EXPECT_THAT(with("kedge.node.v2", "kedge.node.v3"), HasFault("MALFORMED"));
  EXPECT_THAT(with("JOINED", "LOST"), HasFault("MALFORMED"));
  EXPECT_THAT(with("\"node-2\"", "\"../x\""), HasFault("MALFORMED"));
  EXPECT_THAT(with("\"role\"", "\"colour\""), HasFault("MALFORMED"));
  EXPECT_THAT(with("\"ek\"", "\"mac\""), HasFault("MALFORMED"));
  EXPECT_THAT(with("\"12\"", "\"11\""), HasFault("MALFORMED")) << "next must be beyond";
  EXPECT_THAT(with("\"12\"", "\"-1\""), HasFault("MALFORMED"));
  EXPECT_THAT(with("\"12\"", "\"18446744073709551615\""), HasFault("MALFORMED"));
  EXPECT_THAT(with("host-vtpm", "trust-me"), HasFault("MALFORMED"));
  EXPECT_THAT(ParseNodeRecord(AsBytes(good + "x")), HasFault("MALFORMED"));
}

NodeEntry Revoked() {
  NodeEntry entry = Entry();
  entry.state = RegistryState::kRevoked;
  entry.revoked_from = RegistryState::kJoined;
  entry.revoked = {{IdentityKind::kEk, Bytes(32, 8)}, entry.identity};
  entry.last_refused = RefusedIdentity{{IdentityKind::kEk, Bytes(32, 7)}, kTime};
  entry.acts = {{kTime, "rebind", "alice", ""}, {kTime, "revoke", "bob", "stolen"}};
  return entry;
}

TEST(RecordWireTest, WhatOwnersDidReadsBack) {
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintNodeRecord(Revoked()));
  ASSERT_OK_AND_ASSIGN(const NodeEntry entry, ParseNodeRecord(AsBytes(text)));
  EXPECT_EQ(entry.state, RegistryState::kRevoked);
  EXPECT_EQ(entry.revoked_from, RegistryState::kJoined);
  EXPECT_EQ(entry.revoked, Revoked().revoked);
  EXPECT_EQ(entry.last_refused->identity, Revoked().last_refused->identity);
  EXPECT_EQ(entry.last_refused->time, kTime);
  ASSERT_EQ(entry.acts.size(), 2u);
  EXPECT_EQ(entry.acts[1].owner, "bob");
  EXPECT_EQ(entry.acts[1].reason, "stolen");
  EXPECT_EQ(PrintNodeRecord(entry).value(), text);
}

TEST(RecordWireTest, ARevokedNodeKnowsWhatItWas) {
  NodeEntry entry = Revoked();
  const auto parse = [&entry] { return ParseNodeRecord(AsBytes(PrintNodeRecord(entry).value())); };
  entry.revoked_from.reset();
  EXPECT_THAT(parse(), HasFault("MALFORMED"));
  entry.revoked_from = RegistryState::kRevoked;
  EXPECT_THAT(parse(), HasFault("MALFORMED"));
  entry.state = RegistryState::kJoined;
  entry.revoked_from = RegistryState::kJoined;
  EXPECT_THAT(parse(), HasFault("MALFORMED"));
  entry.revoked_from.reset();
  EXPECT_OK(parse());
  entry.revoked.push_back({IdentityKind::kEk, Bytes(31, 1)});
  EXPECT_THAT(parse(), HasFault("MALFORMED"));
}

TEST(RecordWireTest, AClusterReadsBack) {
  ClusterRecord record;
  record.salt = Bytes(32, 9);
  record.ca_certificate_pem = "pem";
  record.provisional = true;
  record.receipt.service_key_spki = Bytes(91, 1);
  record.receipt.latest.generation = 7;
  record.receipt.latest.signature = Bytes(70, 2);
  record.receipt.coordinator_node = "node-1";
  record.receipt.coordinator_id = Bytes(32, 3);
  record.receipt.signature = Bytes(70, 4);
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintClusterRecord(record));
  ASSERT_OK_AND_ASSIGN(const ClusterRecord back, ParseClusterRecord(AsBytes(text)));
  EXPECT_EQ(back.salt, record.salt);
  EXPECT_TRUE(back.provisional);
  EXPECT_EQ(back.receipt.latest, record.receipt.latest);
  EXPECT_EQ(PrintClusterRecord(back).value(), text);
  record.salt.pop_back();
  EXPECT_THAT(ParseClusterRecord(AsBytes(PrintClusterRecord(record).value())),
              HasFault("MALFORMED"));
}

TEST(RecordWireTest, RefusalsReadBack) {
  const std::vector<RefusalEntry> refusals = {{.correlation_id = "0123456789abcdef",
                                               .time = kTime,
                                               .node = "node-2",
                                               .code = "IMAGE_NOT_ALLOWED",
                                               .reason = "pcr.4: expected \"x\"",
                                               .count = 3}};
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintRefusals(refusals));
  EXPECT_EQ(ParseRefusals(AsBytes(text)).value(), refusals);
  EXPECT_THAT(ParseRefusals(AsBytes("{}")), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge::keyservice
