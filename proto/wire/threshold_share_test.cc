#include "proto/wire/threshold_share.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "crypto/system_random.h"
#include "proto/wire/receipt.h"

namespace kedge::wire {
namespace {

using nlohmann::json;

class ThresholdShareFile : public ::testing::Test {
 protected:
  void SetUp() override {
    SystemRandom random;
    const KeyTree tree = KeyTree::Generate(random).value();
    std::vector<SeedShareKey> owners;
    for (const char* name : {"ann", "ben"}) {
      const RsaPrivateKey key = RsaPrivateKey::Generate(3072).value();
      owners.push_back(
          {.name = name, .key = key.public_key(), .digest = Sha256(key.public_key().spki())});
    }
    share_ = SplitSeed(tree, owners, 2, random)->at(1);
    text_ = PrintThresholdShare(share_).value();
  }
  ThresholdShare share_;
  std::string text_;
};

TEST_F(ThresholdShareFile, ComesBackAsItWas) {
  ASSERT_OK_AND_ASSIGN(const ThresholdShare read, ParseThresholdShare(AsBytes(text_)));
  EXPECT_EQ(read.set, share_.set);
  EXPECT_EQ(read.index, 2U);
  EXPECT_EQ(read.slot().owner, "ben");
  EXPECT_EQ(read.encrypted_share, share_.encrypted_share);
  ASSERT_OK_AND_ASSIGN(const VerifyKey key, VerifyKey::FromSpki(read.set.service_key_spki));
  EXPECT_OK(VerifyShareSet(read.set, key));
}

TEST_F(ThresholdShareFile, EveryOtherFormIsMalformed) {
  const auto parse = [this](const std::function<void(json&)>& change) {
    json file = json::parse(text_);
    change(file);
    return ParseThresholdShare(AsBytes(file.dump())).status();
  };
  const std::vector<std::function<void(json&)>> changes = {
      [](json& f) { f["format"] = "kedge.threshold-share.v2"; },
      [](json& f) { f.erase("format"); },
      [](json& f) { f.erase("set"); },
      [](json& f) { f["extra"] = 1; },
      [](json& f) { f.erase("index"); },
      [](json& f) { f["index"] = 3; },
      [](json& f) { f["index"] = -1; },
      [](json& f) { f["encrypted_share"] = ""; },
      [](json& f) { f["encrypted_share"] = ToBase64(Bytes(1025)); },
      [](json& f) { f["set"]["threshold"] = 1; },
      [](json& f) { f["set"]["threshold"] = 3; },
      [](json& f) { f["set"]["seed_size"] = 31; },
      [](json& f) { f["set"]["seed_size"] = 319; },
      [](json& f) { f["set"]["salt"] = ToBase64(Bytes(31)); },
      [](json& f) { f["set"]["signature"] = ""; },
      [](json& f) { f["set"]["service_key_spki"] = ""; },
      [](json& f) { f["set"]["slots"][0]["owner"] = ""; },
      [](json& f) { f["set"]["slots"][0]["owner"] = "a\nb"; },
      [](json& f) { f["set"]["slots"][0]["owner"] = "ben"; },
      [](json& f) { f["set"]["slots"][0]["commitment"] = ToBase64(Bytes(31)); },
      [](json& f) { f["set"]["slots"][0]["owner_key_digest"] = ToBase64(Bytes(33)); },
      [](json& f) { f["set"]["slots"] = json::array(); },
  };
  ASSERT_OK(parse([](json&) {}));
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_THAT(parse(changes[i]), HasFault("MALFORMED")) << i;
  }
  EXPECT_THAT(ParseThresholdShare(AsBytes(text_ + "{}")), HasFault("MALFORMED"));
}

TEST_F(ThresholdShareFile, IsToldFromAWholeShare) {
  ASSERT_OK_AND_ASSIGN(const AnySeedShare threshold, ParseAnySeedShare(AsBytes(text_)));
  EXPECT_TRUE(std::holds_alternative<ThresholdShare>(threshold));
  const SeedShare whole{
      .owner = "ann", .owner_key_digest = {1}, .encrypted_seed = {2}, .salt = Bytes(32)};
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintSeedShare(whole));
  ASSERT_OK_AND_ASSIGN(const AnySeedShare read, ParseAnySeedShare(AsBytes(text)));
  ASSERT_TRUE(std::holds_alternative<SeedShare>(read));
  EXPECT_EQ(std::get<SeedShare>(read).owner, "ann");
  EXPECT_THAT(ParseAnySeedShare(AsBytes("{}")), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge::wire
