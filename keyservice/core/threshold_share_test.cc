#include "keyservice/core/threshold_share.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/status_matchers.h"
#include "crypto/system_random.h"

namespace kedge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// RSA keys are slow to make: once for all tests.
const std::vector<RsaPrivateKey>& Keys() {
  static const auto* const keys = [] {
    auto* made = new std::vector<RsaPrivateKey>;
    for (int i = 0; i < 4; ++i) made->push_back(RsaPrivateKey::Generate(3072).value());
    return made;
  }();
  return *keys;
}
std::vector<SeedShareKey> Owners(size_t count) {
  const std::vector<std::string> names = {"ann", "ben", "cleo", "dan"};
  std::vector<SeedShareKey> owners;
  for (size_t i = 0; i < count; ++i) {
    const RsaPublicKey& key = Keys()[i].public_key();
    owners.push_back({.name = names[i], .key = key, .digest = Sha256(key.spki())});
  }
  return owners;
}

class ThresholdShareTest : public ::testing::Test {
 protected:
  ShamirShare Open(size_t i) { return OpenThresholdShare(shares_[i], Keys()[i]).value(); }

  SystemRandom random_;
  const KeyTree tree_ = KeyTree::Generate(random_).value();
  const VerifyKey identity_ = tree_.IdentityKey()->public_key();
  const std::vector<ThresholdShare> shares_ = SplitSeed(tree_, Owners(3), 2, random_).value();
};

TEST_F(ThresholdShareTest, AnyTwoOfThreeGiveTheTree) {
  ASSERT_EQ(shares_.size(), 3U);
  for (const auto& [a, b] : std::vector<std::pair<size_t, size_t>>{{0, 1}, {2, 0}, {1, 2}}) {
    EXPECT_OK(VerifyShareSet(shares_[a].set, identity_));
    SeedCombiner combiner(shares_[a].set);
    EXPECT_EQ(combiner.missing(), 2U);
    ASSERT_OK(combiner.Add(Open(a)));
    EXPECT_EQ(combiner.missing(), 1U);
    ASSERT_OK(combiner.Add(Open(b)));
    EXPECT_EQ(combiner.missing(), 0U);
    ASSERT_OK_AND_ASSIGN(const KeyTree tree, combiner.Combine());
    EXPECT_TRUE(tree.seed().EqualsConstantTime(tree_.seed()));
    EXPECT_EQ(tree.salt(), tree_.salt());
  }
}

TEST_F(ThresholdShareTest, MoreThanNeededIsFineAndFewerAreNamed) {
  SeedCombiner combiner(shares_[0].set);
  ASSERT_OK(combiner.Add(Open(1)));
  EXPECT_THAT(combiner.MissingOwners(), ElementsAre("ann", "cleo"));
  const Status missing = combiner.Combine().status();
  EXPECT_THAT(missing, HasFault("SHARES_MISSING"));
  EXPECT_THAT(MessageOf(missing), HasSubstr("ann, cleo"));
  ASSERT_OK(combiner.Add(Open(0)));
  ASSERT_OK(combiner.Add(Open(2)));
  EXPECT_OK(combiner.Combine());
}

TEST_F(ThresholdShareTest, ABadShareIsRefusedAtOnceAndNamed) {
  SeedCombiner combiner(shares_[0].set);
  ASSERT_OK(combiner.Add(Open(0)));
  // One bit of the value.
  ShamirShare changed = Open(1);
  changed.y.RevealMutable([](std::span<uint8_t> y) { y[63] = static_cast<uint8_t>(y[63] ^ 1); });
  const Status refused = combiner.Add(std::move(changed));
  EXPECT_THAT(refused, HasFault("SHARE_DAMAGED"));
  EXPECT_THAT(MessageOf(refused), HasSubstr("'ben'"));
  // Another owner's value, a shorter one, another place.
  ShamirShare swapped = Open(2);
  swapped.x = 2;
  EXPECT_THAT(combiner.Add(std::move(swapped)), HasFault("SHARE_DAMAGED"));
  EXPECT_THAT(combiner.Add({.x = 2, .y = SecretBytes::Create(32).value()}),
              HasFault("SHARE_DAMAGED"));
  EXPECT_THAT(combiner.Add({.x = 4, .y = Open(1).y}), HasFault("SHARE_UNKNOWN"));
  EXPECT_THAT(combiner.Add({.x = 0, .y = Open(1).y}), HasFault("SHARE_UNKNOWN"));
  EXPECT_THAT(combiner.Add(Open(0)), HasFault("SHARE_TWICE"));
  // None of them counted.
  EXPECT_EQ(combiner.missing(), 1U);
  ASSERT_OK(combiner.Add(Open(1)));
  EXPECT_OK(combiner.Combine());
}

TEST_F(ThresholdShareTest, AShareOpensOnlyUnderItsKeyAndAsItWasMade) {
  EXPECT_THAT(OpenThresholdShare(shares_[0], Keys()[1]), HasFault("SHARE_NOT_FOR_THIS_KEY"));
  ThresholdShare changed = shares_[0];
  changed.encrypted_share[7] = static_cast<uint8_t>(changed.encrypted_share[7] ^ 1);
  const Status damaged = OpenThresholdShare(changed, Keys()[0]).status();
  EXPECT_THAT(damaged, HasFault("SHARE_DAMAGED"));
  EXPECT_THAT(MessageOf(damaged), HasSubstr("'ann'"));
  // Of an earlier split of the same seed for the same owners.
  const auto others = SplitSeed(tree_, Owners(3), 2, random_).value();
  ThresholdShare mixed = shares_[0];
  mixed.encrypted_share = others[0].encrypted_share;
  EXPECT_THAT(OpenThresholdShare(mixed, Keys()[0]), HasFault("SHARE_DAMAGED"));
}

// Whoever changes what the set says needs the seed for its signature.
TEST_F(ThresholdShareTest, EveryFieldOfTheSetIsSigned) {
  const std::vector<std::function<void(ShareSet&)>> changes = {
      [](ShareSet& s) { s.threshold = 3; },
      [](ShareSet& s) { s.seed_size = 32; },
      [](ShareSet& s) { s.salt[0] = static_cast<uint8_t>(s.salt[0] ^ 1); },
      [](ShareSet& s) { s.slots[1].owner = "eve"; },
      [](ShareSet& s) { s.slots[1].owner_key_digest[0] ^= 1; },
      [](ShareSet& s) { s.slots[1].commitment[0] ^= 1; },
      [](ShareSet& s) { std::swap(s.slots[0], s.slots[1]); },
      [](ShareSet& s) { s.slots.pop_back(); },
      [](ShareSet& s) {
        s.slots.push_back({.owner = "eve", .owner_key_digest = {9}, .commitment = {}});
      },
      [](ShareSet& s) { s.signature.back() = static_cast<uint8_t>(s.signature.back() ^ 1); },
      [](ShareSet& s) { s.signature.clear(); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    ShareSet set = shares_[0].set;
    changes[i](set);
    EXPECT_THAT(VerifyShareSet(set, identity_), HasFault("SHARE_SET_NOT_AUTHENTIC")) << i;
  }
  ShareSet foreign =
      SplitSeed(KeyTree::Generate(random_).value(), Owners(3), 2, random_)->at(0).set;
  EXPECT_THAT(VerifyShareSet(foreign, identity_), HasFault("SHARE_SET_OF_ANOTHER_CLUSTER"));
  foreign.service_key_spki = identity_.spki();
  EXPECT_THAT(VerifyShareSet(foreign, identity_), HasFault("SHARE_SET_NOT_AUTHENTIC"));
}

// A dealer who holds the seed can sign nonsense; it is not taken for the seed.
TEST_F(ThresholdShareTest, SharesOfAnotherSecretUnderTheRightKeyAreTheWrongSeed) {
  ShareSet set = shares_[0].set;
  const SecretBytes other = random_.Secret(64).value();
  std::vector<ShamirShare> values = SplitSecret(other, 2, 3, random_).value();
  for (size_t i = 0; i < 3; ++i) set.slots[i].commitment = CommitToShare(values[i].y, values[i].x);
  set.signature = tree_.IdentityKey()->Sign(ShareSetMessage(set)).value();
  ASSERT_OK(VerifyShareSet(set, identity_));
  SeedCombiner combiner(set);
  ASSERT_OK(combiner.Add(std::move(values[0])));
  ASSERT_OK(combiner.Add(std::move(values[1])));
  EXPECT_THAT(combiner.Combine(), HasFault("WRONG_SEED"));
}

TEST_F(ThresholdShareTest, OnlyRealThresholdsAndDistinctOwners) {
  const auto split = [this](std::vector<SeedShareKey> owners, uint32_t threshold) {
    return SplitSeed(tree_, owners, threshold, random_).status();
  };
  EXPECT_OK(split(Owners(2), 2));
  EXPECT_OK(split(Owners(4), 4));
  EXPECT_THAT(split(Owners(3), 0), HasFault("MALFORMED"));
  EXPECT_THAT(split(Owners(3), 1), HasFault("MALFORMED"));
  EXPECT_THAT(split(Owners(3), 4), HasFault("MALFORMED"));
  EXPECT_THAT(split({}, 0), HasFault("MALFORMED"));
  std::vector<SeedShareKey> same_name = Owners(3);
  same_name[2].name = "ann";
  EXPECT_THAT(split(same_name, 2), HasFault("MALFORMED"));
  std::vector<SeedShareKey> same_key = Owners(3);
  same_key[2] = same_key[0];
  same_key[2].name = "cleo";
  EXPECT_THAT(split(same_key, 2), HasFault("MALFORMED"));
  std::vector<SeedShareKey> too_many(65, Owners(1)[0]);
  EXPECT_THAT(split(too_many, 2), HasFault("MALFORMED"));
}

TEST_F(ThresholdShareTest, SeedsOfEverySharedSizeAndNoOther) {
  for (const size_t size : {kMinSeedSize, kMaxSharedSeed}) {
    const KeyTree tree =
        KeyTree::Create(SecretBytes::Create(size).value(), Bytes(kSeedSaltSize)).value();
    const auto shares = SplitSeed(tree, Owners(2), 2, random_);
    ASSERT_OK(shares.status());
    EXPECT_OK(OpenThresholdShare(shares->at(1), Keys()[1]));
  }
  const KeyTree large =
      KeyTree::Create(SecretBytes::Create(kMaxSharedSeed + 1).value(), Bytes(kSeedSaltSize))
          .value();
  EXPECT_THAT(SplitSeed(large, Owners(2), 2, random_), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
