#include "keyservice/server/invitation_cache.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "keyservice/core/testing/test_cluster.h"
#include "proto/wire/invitation.h"

namespace kedge::keyservice {
namespace {

Bytes InvitationOf(const std::string& node) {
  wire::Invitation invitation;
  invitation.node = node;
  invitation.role = "control-plane";
  invitation.issue_time = absl::FromUnixSeconds(1'700'000'000);
  auto file = wire::MakeInvitation(invitation, kedge::testing::TestOwnerKey());
  EXPECT_OK(file.status());
  return ToBytes(*file);
}

TEST(InvitationCacheTest, SaysTheSameTheSecondTime) {
  InvitationCache cache;
  const Bytes file = InvitationOf("node-1");
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(const InvitationTerms terms, cache.Open(file));
    EXPECT_EQ(terms.node, "node-1");
    EXPECT_EQ(terms.role, "control-plane");
    EXPECT_EQ(terms.file_digest, Sha256(file));
    EXPECT_EQ(terms.owner_key_digest, Sha256(kedge::testing::TestOwnerKey().public_key().spki()));
  }
  EXPECT_EQ(cache.size(), 1u);
}

TEST(InvitationCacheTest, AChangedFileIsRefusedAlsoAfterTheGoodOne) {
  InvitationCache cache;
  const Bytes good = InvitationOf("node-1");
  ASSERT_OK(cache.Open(good).status());
  for (size_t at = 0; at < good.size(); at += 7) {
    Bytes bad = good;
    bad[at] ^= 1;
    EXPECT_FALSE(cache.Open(bad).ok()) << "byte " << at;
  }
  Bytes cut = good;
  cut.resize(good.size() / 2);
  EXPECT_FALSE(cache.Open(cut).ok());
  EXPECT_FALSE(cache.Open(cut).ok()) << "a refusal was remembered as something else";
}

TEST(InvitationCacheTest, IsBoundedAndForgetsTheOldest) {
  InvitationCache cache(2);
  for (const char* node : {"node-1", "node-2", "node-3"}) {
    ASSERT_OK(cache.Open(InvitationOf(node)).status());
    EXPECT_LE(cache.size(), 2u);
  }
  EXPECT_OK(cache.Open(InvitationOf("node-1")).status());
  EXPECT_EQ(cache.size(), 2u);
}

}  // namespace
}  // namespace kedge::keyservice
