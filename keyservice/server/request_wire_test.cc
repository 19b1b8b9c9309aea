#include "keyservice/server/request_wire.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "proto/kedge.pb.h"
#include "proto/wire/binary.h"

namespace kedge::keyservice {
namespace {

using wire::PrintBinary;

v1::Request Release() {
  v1::Request request;
  request.mutable_release()->set_node("node-2");
  request.mutable_release()->set_role("worker");
  request.mutable_release()->set_volume("state");
  return request;
}

v1::NodePayload Payload() {
  v1::NodePayload payload;
  payload.set_ek_public("ek");
  payload.set_ek_certificate("certificate");
  payload.set_certificate_request("csr");
  payload.set_invitation("invitation");
  payload.mutable_disk()->set_content("luks2");
  payload.mutable_disk()->set_header_digest(std::string(32, 'h'));
  return payload;
}

v1::NodeCommandRequest Rebind() {
  v1::NodeCommandRequest command;
  command.set_node("node-2");
  command.set_reason("new board");
  command.mutable_rebind()->set_identity_kind("ek");
  command.mutable_rebind()->set_identity(std::string(32, 'i'));
  return command;
}

template <typename T>
T Changed(T message, const std::function<void(T&)>& change) {
  change(message);
  return message;
}

TEST(RequestWireTest, KnowsEveryKind) {
  v1::Request request = Release();
  EXPECT_EQ(KindOf(ParseRequest(PrintBinary(request)).value()), RequestKind::kRelease);
  request.mutable_report()->set_node("node-2");
  request.mutable_report()->set_role("worker");
  request.mutable_report()->set_state("JOINED");
  EXPECT_EQ(KindOf(ParseRequest(PrintBinary(request)).value()), RequestKind::kReport);
  request.mutable_init()->set_manifest_digest(std::string(32, 'm'));
  request.mutable_init()->set_coordinator_id(std::string(32, 'c'));
  request.mutable_init()->set_owner_time(1'780'000'000);
  EXPECT_EQ(KindOf(ParseRequest(PrintBinary(request)).value()), RequestKind::kInit);
  request.mutable_recover()->set_coordinator_id(std::string(32, 'c'));
  request.mutable_recover()->set_owner_time(1'780'000'000);
  EXPECT_EQ(KindOf(ParseRequest(PrintBinary(request)).value()), RequestKind::kRecover);
  request.mutable_status();
  EXPECT_EQ(KindOf(ParseRequest(PrintBinary(request)).value()), RequestKind::kStatus);
  request.mutable_verify();
  EXPECT_EQ(KindOf(ParseRequest(PrintBinary(request)).value()), RequestKind::kVerify);
  *request.mutable_node_command() = Rebind();
  EXPECT_EQ(KindOf(ParseRequest(PrintBinary(request)).value()), RequestKind::kNodeCommand);
}

TEST(RequestWireTest, NodeCommandsAreWholeAndBounded) {
  const auto parse = [](const v1::NodeCommandRequest& command) {
    v1::Request request;
    *request.mutable_node_command() = command;
    return ParseRequest(PrintBinary(request));
  };
  ASSERT_OK_AND_ASSIGN(const Request parsed, parse(Rebind()));
  const auto& command = std::get<NodeCommand>(parsed);
  EXPECT_EQ(command.node, "node-2");
  EXPECT_EQ(std::get<RebindCommand>(command.action).identity.value, Bytes(32, 'i'));
  const std::vector<std::function<void(v1::NodeCommandRequest&)>> changes = {
      [](auto& c) { c.set_node("../x"); },
      [](auto& c) { c.clear_node(); },
      [](auto& c) { c.clear_command(); },
      [](auto& c) { c.set_reason("a\nb"); },
      [](auto& c) { c.set_reason(std::string(257, 'x')); },
      [](auto& c) { c.mutable_rebind()->set_identity_kind("tpm"); },
      [](auto& c) { c.mutable_rebind()->clear_identity_kind(); },
      [](auto& c) { c.mutable_rebind()->set_identity(std::string(31, 'i')); },
      [](auto& c) { c.mutable_rebind()->clear_identity(); },
      [](auto& c) { c.mutable_accept_disk()->set_disk_counter(kMaxDiskCounter + 1); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_THAT(parse(Changed(Rebind(), changes[i])), HasFault("MALFORMED")) << i;
  }
}

TEST(RequestWireTest, RefusesWhatIsNoRequest) {
  EXPECT_THAT(ParseRequest({}), HasFault("MALFORMED"));
  EXPECT_THAT(ParseRequest(Bytes(10, 0xFF)), HasFault("MALFORMED"));
  EXPECT_THAT(ParseRequest(Bytes(2000, 0x0A)), HasFault("MALFORMED"));
}

// A field of another version means something to its sender that this one would miss.
TEST(RequestWireTest, RefusesUnknownFieldsAtAnyDepth) {
  Bytes outer = PrintBinary(Release());
  outer.insert(outer.end(), {0x78, 0x01});  // field 15, varint
  EXPECT_THAT(ParseRequest(outer), HasFault("MALFORMED"));
  // {release = {…, field 15}}
  Bytes inner = PrintBinary(Release().release());
  inner.insert(inner.end(), {0x78, 0x01});
  Bytes request = {0x0A, static_cast<uint8_t>(inner.size())};
  request.insert(request.end(), inner.begin(), inner.end());
  EXPECT_THAT(ParseRequest(request), HasFault("MALFORMED"));
}

TEST(RequestWireTest, NamesAreNames) {
  const std::vector<std::string> bad = {"", "../x", "Node", "a.b", "node_2", std::string(64, 'a')};
  for (const std::string& name : bad) {
    v1::Request request = Release();
    request.mutable_release()->set_node(name);
    EXPECT_THAT(ParseRequest(PrintBinary(request)), HasFault("MALFORMED")) << name;
    request = Release();
    request.mutable_release()->set_role(name);
    EXPECT_THAT(ParseRequest(PrintBinary(request)), HasFault("MALFORMED")) << name;
  }
}

TEST(RequestWireTest, OwnersTellTheirTime) {
  const auto init = [](int64_t time) {
    v1::Request request;
    request.mutable_init()->set_manifest_digest(std::string(32, 'm'));
    request.mutable_init()->set_coordinator_id(std::string(32, 'c'));
    request.mutable_init()->set_owner_time(time);
    return ParseRequest(PrintBinary(request));
  };
  ASSERT_OK_AND_ASSIGN(const Request request, init(1'780'000'000));
  EXPECT_EQ(std::get<InitRequest>(request).owner_time, absl::FromUnixSeconds(1'780'000'000));
  for (const int64_t time : {int64_t{0}, int64_t{-1}, int64_t{253402300800}, INT64_MAX}) {
    EXPECT_THAT(init(time), HasFault("MALFORMED")) << time;
  }
}

TEST(RequestWireTest, SizesAreExact) {
  const auto init = [](size_t manifest, size_t id) {
    v1::Request request;
    request.mutable_init()->set_manifest_digest(std::string(manifest, 'm'));
    request.mutable_init()->set_coordinator_id(std::string(id, 'c'));
    request.mutable_init()->set_owner_time(1'780'000'000);
    return ParseRequest(PrintBinary(request));
  };
  EXPECT_OK(init(32, 32));
  EXPECT_THAT(init(31, 32), HasFault("MALFORMED"));
  EXPECT_THAT(init(32, 33), HasFault("MALFORMED"));
  EXPECT_THAT(init(32, 0), HasFault("MALFORMED"));
}

TEST(RequestWireTest, AFormattedReportNamesItsHeader) {
  v1::Request request;
  request.mutable_report()->set_node("node-2");
  request.mutable_report()->set_role("worker");
  request.mutable_report()->set_state("FORMATTED");
  EXPECT_THAT(ParseRequest(PrintBinary(request)), HasFault("MALFORMED"));
  request.mutable_report()->set_header_digest(std::string(32, 'h'));
  EXPECT_OK(ParseRequest(PrintBinary(request)));
  request.mutable_report()->set_header_digest(std::string(31, 'h'));
  EXPECT_THAT(ParseRequest(PrintBinary(request)), HasFault("MALFORMED"));
}

TEST(RequestWireTest, AReleaseNeedsItsWholePayload) {
  EXPECT_OK(ParseReleasePayload(PrintBinary(Payload())));
  const std::vector<std::function<void(v1::NodePayload&)>> changes = {
      [](v1::NodePayload& p) { p.clear_certificate_request(); },
      [](v1::NodePayload& p) { p.clear_invitation(); },
      [](v1::NodePayload& p) { p.clear_disk(); },
      [](v1::NodePayload& p) { p.mutable_disk()->set_content("empty"); },
      [](v1::NodePayload& p) { p.mutable_disk()->clear_header_digest(); },
      [](v1::NodePayload& p) { p.set_invitation(std::string(65 * 1024, 'x')); },
      [](v1::NodePayload& p) { p.set_ek_certificate(std::string(9 * 1024, 'x')); },
      [](v1::NodePayload& p) { p.set_certificate_request(std::string(9 * 1024, 'x')); },
      [](v1::NodePayload& p) { p.set_ek_public(std::string(3 * 1024, 'x')); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_THAT(ParseReleasePayload(PrintBinary(Changed(Payload(), changes[i]))),
                HasFault("MALFORMED"))
        << i;
  }
}

TEST(RequestWireTest, ACredentialIsWholeOrAbsent) {
  v1::VerifyPayload payload;
  EXPECT_FALSE(ParseVerifyPayload(PrintBinary(payload)).value().has_value());
  payload.set_coordinator_credential_id_object("x");
  EXPECT_THAT(ParseVerifyPayload(PrintBinary(payload)), HasFault("MALFORMED"));
  payload.set_coordinator_credential_encrypted_secret("x");
  EXPECT_TRUE(ParseVerifyPayload(PrintBinary(payload)).value().has_value());
  payload.set_coordinator_credential_encrypted_secret(std::string(4096, 'x'));
  EXPECT_THAT(ParseVerifyPayload(PrintBinary(payload)), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge::keyservice
