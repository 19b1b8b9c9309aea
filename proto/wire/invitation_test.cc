#include "proto/wire/invitation.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/lp.h"
#include "base/status_matchers.h"
#include "proto/wire/testing/terms.h"

namespace kedge::wire {
namespace {

using kedge::testing::TestInvitation;
using kedge::testing::TestOwnerKey;

std::string FileOf(const Invitation& invitation) {
  return MakeInvitation(invitation, TestOwnerKey()).value();
}

// The file with other content, signed by `key`; what a careless or hostile maker would write.
std::string Forge(const std::string& inner, const SigningKey& key, std::string_view label) {
  const Bytes signature = key.Sign(Lp({AsBytes(label), AsBytes(inner)})).value();
  return nlohmann::json{{"invitation", ToBase64(AsBytes(inner))},
                        {"owner_key_spki", ToBase64(key.public_key().spki())},
                        {"signature", ToBase64(signature)}}
      .dump();
}

std::string InnerOf(const std::string& file) {
  const auto json = nlohmann::json::parse(file);
  return std::string(AsText(FromBase64(json.at("invitation").get<std::string>()).value()));
}

TEST(Invitation, SurvivesItsFileForm) {
  const Invitation made = TestInvitation();
  ASSERT_OK_AND_ASSIGN(const OpenedInvitation opened, OpenInvitation(AsBytes(FileOf(made))));
  const Invitation& read = opened.invitation;
  EXPECT_EQ(opened.owner_key.spki(), TestOwnerKey().public_key().spki());
  EXPECT_EQ(read.cluster_id, made.cluster_id);
  EXPECT_EQ(read.service_key_spki, made.service_key_spki);
  EXPECT_EQ(read.owner_key_digest, Sha256(TestOwnerKey().public_key().spki()));
  EXPECT_EQ(read.endpoints, made.endpoints);
  EXPECT_EQ(read.node, made.node);
  EXPECT_EQ(read.role, made.role);
  EXPECT_EQ(read.address, made.address);
  EXPECT_EQ(read.gateway, made.gateway);
  EXPECT_EQ(read.issue_time, made.issue_time);
  EXPECT_EQ(read.minimum_generation, 1U);
  ASSERT_EQ(read.control_plane_images.size(), 1U);
  EXPECT_EQ(read.control_plane_images[0].pcrs, made.control_plane_images[0].pcrs);
  ASSERT_EQ(read.tpm_roots.size(), 1U);
  EXPECT_EQ(read.tpm_roots[0].certificate_pem, made.tpm_roots[0].certificate_pem);
}

TEST(Invitation, FirstNodeNeedsNoCluster) {
  Invitation first;
  first.node = "node-1";
  first.role = "control-plane";
  first.issue_time = absl::FromUnixSeconds(1'760'000'000);
  ASSERT_OK_AND_ASSIGN(const OpenedInvitation opened, OpenInvitation(AsBytes(FileOf(first))));
  EXPECT_TRUE(opened.invitation.cluster_id.empty());
  EXPECT_EQ(opened.invitation.address, "");
}

struct Break {
  const char* name;
  std::function<void(Invitation&)> apply;
};
void PrintTo(const Break& tested, std::ostream* out) { *out << tested.name; }
class BrokenInvitation : public ::testing::TestWithParam<Break> {};

TEST_P(BrokenInvitation, IsNotMade) {
  Invitation invitation = TestInvitation();
  GetParam().apply(invitation);
  EXPECT_THAT(MakeInvitation(invitation, TestOwnerKey()), HasCode(StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BrokenInvitation,
    ::testing::Values(
        Break{"NoNode", [](auto& i) { i.node.clear(); }},
        Break{"NodeWithPath", [](auto& i) { i.node = "../x"; }},
        Break{"UnknownRole", [](auto& i) { i.role = "admin"; }},
        Break{"NoClusterForWorker",
              [](auto& i) {
                i.cluster_id.clear();
                i.service_key_spki.clear();
              }},
        Break{"ClusterWithoutKey", [](auto& i) { i.service_key_spki.clear(); }},
        Break{"KeyWithoutCluster", [](auto& i) { i.cluster_id.clear(); }},
        Break{"ShortClusterId", [](auto& i) { i.cluster_id.pop_back(); }},
        Break{"ServiceKeyOnP384",
              [](auto& i) { i.service_key_spki = TestOwnerKey().public_key().spki(); }},
        Break{"ServiceKeyNoKey", [](auto& i) { i.service_key_spki.pop_back(); }},
        Break{"NoEndpoints", [](auto& i) { i.endpoints.clear(); }},
        Break{"TooManyEndpoints", [](auto& i) { i.endpoints.assign(17, "a:1"); }},
        Break{"EndpointWithoutPort", [](auto& i) { i.endpoints = {"192.168.77.11"}; }},
        Break{"EndpointWithPortZero", [](auto& i) { i.endpoints = {"a:0"}; }},
        Break{"EndpointWithPortTooLarge", [](auto& i) { i.endpoints = {"a:65536"}; }},
        Break{"EndpointWithOddPort", [](auto& i) { i.endpoints = {"a:+1"}; }},
        Break{"EndpointWithScheme", [](auto& i) { i.endpoints = {"unix:/run/x:1"}; }},
        Break{"EndpointWithoutHost", [](auto& i) { i.endpoints = {":1"}; }},
        Break{"AddressWithoutPrefix", [](auto& i) { i.address = "192.168.77.12"; }},
        Break{"AddressWithPrefix33", [](auto& i) { i.address = "192.168.77.12/33"; }},
        Break{"AddressWithLines", [](auto& i) { i.address = "192.168.77.12/24\n[Match]"; }},
        Break{"GatewayNoAddress", [](auto& i) { i.gateway = "gw"; }},
        Break{"GatewayWithoutAddress", [](auto& i) { i.address.clear(); }},
        Break{"NoImages", [](auto& i) { i.control_plane_images.clear(); }},
        Break{"BadImage", [](auto& i) { i.control_plane_images[0].pcrs.erase(4); }},
        Break{"NoTpmRoots", [](auto& i) { i.tpm_roots.clear(); }},
        Break{"BadTpmRoot", [](auto& i) { i.tpm_roots[0].certificate_pem = "x"; }},
        Break{"NoGeneration", [](auto& i) { i.minimum_generation = 0; }}),
    [](const auto& tested) { return tested.param.name; });

TEST(InvitationFile, EveryChangedContentByteIsRefused) {
  const auto file = nlohmann::json::parse(FileOf(TestInvitation()));
  for (const char* field : {"invitation", "owner_key_spki", "signature"}) {
    const Bytes good = FromBase64(file.at(field).get<std::string>()).value();
    for (size_t i = 0; i < good.size(); i += 7) {
      Bytes bad = good;
      bad[i] = static_cast<uint8_t>(bad[i] ^ 1);
      auto changed = file;
      changed[field] = ToBase64(bad);
      EXPECT_FALSE(OpenInvitation(AsBytes(changed.dump())).ok()) << field << " byte " << i;
    }
  }
}

TEST(InvitationFile, TheSignatureNeedsItsLabelAndTheNamedKey) {
  const std::string inner = InnerOf(FileOf(TestInvitation()));
  EXPECT_OK(OpenInvitation(AsBytes(Forge(inner, TestOwnerKey(), "kedge/1 invitation"))));
  EXPECT_THAT(OpenInvitation(AsBytes(Forge(inner, TestOwnerKey(), "kedge/1 owner proof"))),
              HasFault("INVITATION_NOT_ACCEPTED"));
  // Another P-384 key signs for the owner: the digest inside names the owner.
  const SigningKey other = SigningKey::Generate(Curve::kP384).value();
  EXPECT_THAT(OpenInvitation(AsBytes(Forge(inner, other, "kedge/1 invitation"))),
              HasFault("INVITATION_NOT_ACCEPTED"));
  const SigningKey weak = SigningKey::Generate(Curve::kP256).value();
  EXPECT_THAT(OpenInvitation(AsBytes(Forge(inner, weak, "kedge/1 invitation"))),
              HasFault("MALFORMED"));
}

// Signed by the owner, and still not accepted: the reader checks the content itself.
TEST(InvitationFile, SignedNonsenseIsRefused) {
  const auto good = nlohmann::json::parse(InnerOf(FileOf(TestInvitation())));
  const auto open = [](const nlohmann::json& inner) {
    return OpenInvitation(AsBytes(Forge(inner.dump(), TestOwnerKey(), "kedge/1 invitation")));
  };
  EXPECT_OK(open(good));
  const std::pair<const char*, nlohmann::json> changes[] = {{"format", "kedge.invitation.v2"},
                                                            {"node", "Node"},
                                                            {"role", "admin"},
                                                            {"issue_time", "yesterday"},
                                                            {"issue_time", "infinite-future"},
                                                            {"issue_time", ""},
                                                            {"owner_key_digest", ""},
                                                            {"cluster_id", ""},
                                                            {"endpoints", nlohmann::json::array()},
                                                            {"address", "999.1.1.1/24"},
                                                            {"unknown_field", 1},
                                                            {"node", nullptr}};
  for (const auto& [field, value] : changes) {
    auto changed = good;
    changed[field] = value;
    EXPECT_FALSE(open(changed).ok()) << field << " = " << value;
  }
}

TEST(InvitationFile, RefusesTruncationTailsAndSize) {
  const std::string text = FileOf(TestInvitation());
  for (size_t size = 0; size + 2 < text.size(); size += 61) {
    EXPECT_THAT(OpenInvitation(AsBytes(text.substr(0, size))), HasFault("MALFORMED")) << size;
  }
  EXPECT_THAT(OpenInvitation(AsBytes(text + "x")), HasFault("MALFORMED"));
  EXPECT_THAT(OpenInvitation(AsBytes(text + std::string(kMaxInvitationFile, ' '))),
              HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge::wire
