#include "keyservice/core/seed_share.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "crypto/system_random.h"
#include "keyservice/core/testing/test_cluster.h"

namespace kedge {
namespace {

using kedge::testing::MakeManifest;
using kedge::testing::TestManifestTerms;
using kedge::testing::TestSeedShareKey;

class SeedShareTest : public ::testing::Test {
 protected:
  SystemRandom random_;
  const KeyTree tree_ = KeyTree::Generate(random_).value();
};

TEST_F(SeedShareTest, EachOwnerGetsTheWholeSeed) {
  const RsaPrivateKey second = RsaPrivateKey::Generate(3072).value();
  ManifestTerms terms = TestManifestTerms();
  terms.seed_share_keys.push_back(
      {.name = "second", .key = second.public_key(), .digest = Sha256(second.public_key().spki())});
  ASSERT_OK_AND_ASSIGN(const std::vector<SeedShare> shares,
                       MakeSeedShares(tree_, MakeManifest(terms)));
  ASSERT_EQ(shares.size(), 2U);
  EXPECT_EQ(shares[0].owner, "owner");
  EXPECT_EQ(shares[1].owner, "second");
  EXPECT_EQ(shares[1].salt, tree_.salt());
  ASSERT_OK_AND_ASSIGN(const SecretBytes first_seed, OpenSeedShare(shares[0], TestSeedShareKey()));
  ASSERT_OK_AND_ASSIGN(const SecretBytes second_seed, OpenSeedShare(shares[1], second));
  EXPECT_TRUE(first_seed.EqualsConstantTime(tree_.seed()));
  EXPECT_TRUE(second_seed.EqualsConstantTime(tree_.seed()));
  EXPECT_NE(shares[0].encrypted_seed, shares[1].encrypted_seed);
  EXPECT_THAT(OpenSeedShare(shares[0], second), HasFault("SHARE_NOT_FOR_THIS_KEY"));
}

TEST_F(SeedShareTest, ARelabelledOrChangedShareDoesNotOpen) {
  ASSERT_OK_AND_ASSIGN(const std::vector<SeedShare> shares,
                       MakeSeedShares(tree_, MakeManifest(TestManifestTerms())));
  const RsaPrivateKey other = RsaPrivateKey::Generate(3072).value();
  SeedShare relabelled = shares[0];
  relabelled.owner_key_digest = Sha256(other.public_key().spki());
  EXPECT_THAT(OpenSeedShare(relabelled, other), HasFault("SHARE_NOT_FOR_THIS_KEY"));
  SeedShare changed = shares[0];
  changed.encrypted_seed[9] = static_cast<uint8_t>(changed.encrypted_seed[9] ^ 1);
  EXPECT_THAT(OpenSeedShare(changed, TestSeedShareKey()), HasFault("SHARE_NOT_FOR_THIS_KEY"));
}

}  // namespace
}  // namespace kedge
