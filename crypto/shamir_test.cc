#include "crypto/shamir.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "crypto/gf256.h"
#include "crypto/system_random.h"
#include "crypto/testing/bytes.h"
#include "house/folders.h"

namespace kedge {
namespace {

using nlohmann::json;

// Gives out what it was given, in order.
class ListedRandom final : public Random {
 public:
  explicit ListedRandom(std::vector<Bytes> parts) : parts_(std::move(parts)) {}
  Status Fill(std::span<uint8_t> out) override {
    if (next_ == parts_.size() || parts_[next_].size() != out.size()) return Internal("no more");
    std::copy(parts_[next_].begin(), parts_[next_].end(), out.begin());
    ++next_;
    return absl::OkStatus();
  }
  bool used_up() const { return next_ == parts_.size(); }

 private:
  const std::vector<Bytes> parts_;
  size_t next_ = 0;
};

std::vector<ShamirShare> Pick(const std::vector<ShamirShare>& all, const std::set<size_t>& which) {
  std::vector<ShamirShare> picked;
  for (const size_t i : which) picked.push_back({all[i].x, all[i].y.Clone().value()});
  return picked;
}

TEST(Gf256, MultipliesAsInTheStandard) {
  // FIPS 197 sections 4.2 and 4.2.1.
  EXPECT_EQ(gf256::Multiply(0x57, 0x83), 0xC1);
  EXPECT_EQ(gf256::Multiply(0x57, 0x13), 0xFE);
}

TEST(Gf256, EveryProductIsThatOfPolynomials) {
  for (uint32_t a = 0; a < 256; ++a) {
    for (uint32_t b = 0; b < 256; ++b) {
      uint32_t product = 0;
      for (uint32_t bit = 0; bit < 8; ++bit) product ^= ((b >> bit) & 1) != 0 ? a << bit : 0;
      for (int bit = 15; bit >= 8; --bit) {
        if (((product >> bit) & 1) != 0) product ^= 0x11BU << (bit - 8);
      }
      ASSERT_EQ(gf256::Multiply(static_cast<uint8_t>(a), static_cast<uint8_t>(b)), product);
    }
  }
}

TEST(Gf256, EveryElementButZeroHasItsInverse) {
  for (uint32_t a = 1; a < 256; ++a) {
    const auto element = static_cast<uint8_t>(a);
    EXPECT_EQ(gf256::Multiply(element, gf256::Invert(element)), 1) << a;
  }
  EXPECT_EQ(gf256::Invert(0), 0);
}

TEST(Shamir, OwnVectorsBothWays) {
  std::ifstream in(std::string(KEDGE_SOURCE_DIR) + "/tests/testdata/shamir_vectors.json");
  const json vectors = json::parse(in)["vectors"];
  ASSERT_EQ(vectors.size(), 5U);
  for (const json& v : vectors) {
    std::vector<Bytes> coefficients;
    for (const json& c : v["coefficients"]) coefficients.push_back(Hex(c.get<std::string>()));
    ListedRandom random(coefficients);
    const SecretBytes secret = SecretHex(v["secret"].get<std::string>());
    const size_t threshold = v["threshold"];
    ASSERT_OK_AND_ASSIGN(const std::vector<ShamirShare> shares,
                         SplitSecret(secret, threshold, v["count"], random));
    EXPECT_TRUE(random.used_up());
    ASSERT_EQ(shares.size(), v["shares"].size());
    for (size_t i = 0; i < shares.size(); ++i) {
      EXPECT_EQ(shares[i].x, i + 1);
      EXPECT_EQ(HexOfSecret(shares[i].y), v["shares"][i]);
    }
    std::set<size_t> last;
    for (size_t i = 0; i < threshold; ++i) last.insert(shares.size() - 1 - i);
    ASSERT_OK_AND_ASSIGN(const SecretBytes combined, CombineShares(Pick(shares, last)));
    EXPECT_TRUE(combined.EqualsConstantTime(secret));
  }
}

TEST(Shamir, EverySubsetOfThresholdSizeGivesTheSecretAndSmallerOnesDoNot) {
  SystemRandom random;
  const SecretBytes secret = random.Secret(64).value();
  const std::vector<ShamirShare> shares = SplitSecret(secret, 3, 6, random).value();
  for (size_t a = 0; a < 6; ++a) {
    for (size_t b = a + 1; b < 6; ++b) {
      EXPECT_FALSE(CombineShares(Pick(shares, {a, b})).value().EqualsConstantTime(secret));
      for (size_t c = b + 1; c < 6; ++c) {
        EXPECT_TRUE(CombineShares(Pick(shares, {a, b, c})).value().EqualsConstantTime(secret));
      }
    }
  }
}

// One share of two says nothing: over all coefficients each secret gives each share exactly once.
TEST(Shamir, AShareBelowTheThresholdIsIndependentOfTheSecret) {
  for (const uint8_t secret : {uint8_t{0}, uint8_t{1}, uint8_t{0xA7}}) {
    std::set<std::string> seen;
    for (uint32_t coefficient = 0; coefficient < 256; ++coefficient) {
      ListedRandom random({Bytes{static_cast<uint8_t>(coefficient)}});
      const auto shares = SplitSecret(SecretOf(Bytes{secret}), 2, 2, random).value();
      seen.insert(HexOfSecret(shares[1].y));
    }
    EXPECT_EQ(seen.size(), 256U);
  }
}

TEST(Shamir, RefusesWhatCannotBeSharedOrCombined) {
  SystemRandom random;
  const SecretBytes secret = random.Secret(32).value();
  EXPECT_THAT(SplitSecret(secret, 0, 3, random), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(SplitSecret(secret, 4, 3, random), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(SplitSecret(secret, 2, 256, random), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(SplitSecret(SecretBytes(), 2, 3, random), HasCode(StatusCode::kInvalidArgument));

  const std::vector<ShamirShare> shares = SplitSecret(secret, 2, 3, random).value();
  EXPECT_THAT(CombineShares({}), HasCode(StatusCode::kInvalidArgument));
  std::vector<ShamirShare> bad = Pick(shares, {0, 1});
  bad[1].x = 1;
  EXPECT_THAT(CombineShares(bad), HasCode(StatusCode::kInvalidArgument)) << "twice";
  bad = Pick(shares, {0, 1});
  bad[1].x = 0;
  EXPECT_THAT(CombineShares(bad), HasCode(StatusCode::kInvalidArgument)) << "zero";
  bad = Pick(shares, {0, 1});
  bad[1].y = SecretOf(Bytes(31, 1));
  EXPECT_THAT(CombineShares(bad), HasCode(StatusCode::kInvalidArgument)) << "length";
}

TEST(Shamir, WithoutRandomnessThereAreNoShares) {
  ListedRandom random({});
  EXPECT_THAT(SplitSecret(SecretOf(Bytes(32, 1)), 2, 3, random), HasCode(StatusCode::kInternal));
}

}  // namespace
}  // namespace kedge
