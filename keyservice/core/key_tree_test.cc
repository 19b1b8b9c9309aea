#include "keyservice/core/key_tree.h"
#include "house/folders.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/lp.h"
#include "crypto/hkdf.h"
#include "crypto/kdf_label.h"
#include "crypto/system_random.h"
#include "crypto/testing/bytes.h"

namespace kedge {
namespace {

using Json = nlohmann::json;

Json ReadJson(const std::string& path) {
  std::ifstream in(path);
  return in ? Json::parse(in) : Json();
}

std::string ScalarOf(const StatusOr<SigningKey>& key) {
  return HexOfSecret(key.value().Scalar().value());
}

KeyTree TreeOf(const Json& vector) {
  return KeyTree::Create(SecretHex(vector.at("seed").get<std::string>()),
                         Hex(vector.at("salt").get<std::string>()))
      .value();
}

std::string Derived(const SecretBytes& ikm, ByteView salt, ByteView info) {
  return HexOfSecret(HkdfSha256(ikm, salt, info, 32).value());
}

class OwnVectors : public testing::Test {
 protected:
  const Json vectors_ =
      ReadJson(std::string(KEDGE_SOURCE_DIR) + "/tests/testdata/key_tree_vectors.json")["vectors"];
};

TEST_F(OwnVectors, TheTreeGivesThem) {
  ASSERT_GE(vectors_.size(), 3U);
  for (const Json& v : vectors_) {
    const KeyTree tree = TreeOf(v);
    EXPECT_EQ(ScalarOf(tree.RootCaKey()), v.at("root_ca_p384_scalar"));
    EXPECT_EQ(ScalarOf(tree.TransactionKey()), v.at("transaction_p384_scalar"));
    EXPECT_EQ(HexOfSecret(tree.PodStateSeed().value()), v.at("pod_state_seed"));
    EXPECT_EQ(HexOfSecret(tree.HistorySeed().value()), v.at("history_seed"));
    EXPECT_EQ(HexOfSecret(tree.WorkloadSecret(v.at("workload_id").get<std::string>()).value()),
              v.at("workload_secret"));
    EXPECT_EQ(ScalarOf(tree.IdentityKey()), v.at("identity_p256_scalar"));
    EXPECT_EQ(
        ToHex(tree.ComputeClusterId(Hex(v.at("measurement_salt").get<std::string>())).value()),
        v.at("cluster_id"));
    const SecretBytes kek = tree.Kek(v.at("kek_epoch").get<uint32_t>()).value();
    EXPECT_EQ(HexOfSecret(kek), v.at("kek"));
    const SecretBytes dek =
        DeriveDek(kek, v.at("kind").get<std::string>(), v.at("id").get<std::string>(),
                  v.at("dek_generation").get<uint32_t>())
            .value();
    EXPECT_EQ(HexOfSecret(dek), v.at("dek"));
  }
}

// Every label by itself, so that a swapped label cannot hide behind the next derivation.
TEST_F(OwnVectors, EachLabelGivesThem) {
  for (const Json& v : vectors_) {
    const auto secret = [&v](const char* name) { return SecretHex(v.at(name).get<std::string>()); };
    const Bytes salt = Hex(v.at("salt").get<std::string>());
    EXPECT_EQ(Derived(secret("seed"), salt, KdfInfo("master")), v.at("master"));
    EXPECT_EQ(Derived(secret("master"), {}, KdfInfo("measurement")), v.at("measurement"));
    EXPECT_EQ(Derived(secret("measurement"), Hex(v.at("measurement_salt").get<std::string>()),
                      KdfInfo("cluster-id")),
              v.at("cluster_id"));
    EXPECT_EQ(
        Derived(secret("master"), {}, KdfInfo("kek", {U32Be(v.at("kek_epoch").get<uint32_t>())})),
        v.at("kek"));
    EXPECT_EQ(Derived(secret("dek"), {}, KdfInfo("header-mac")), v.at("header_mac"));
    EXPECT_EQ(Derived(secret("dek"), {}, KdfInfo("keyslot")), v.at("keyslot"));
  }
}

TEST(SharedVectors, ContrastCompatibleTree) {
  const char* set = std::getenv("KEDGE_VECTORS");
  const std::string path =
      (set != nullptr ? set : std::string(KEDGE_SOURCE_DIR) + "/../shared/vectors") +
      std::string("/keys/contrast-compatible.json");
  const Json file = ReadJson(path);
  if (file.is_null()) {
    GTEST_SKIP() << "NOT TESTED: no shared key vectors at " << path << " (set KEDGE_VECTORS)";
  }
  ASSERT_EQ(file.at("sets").size(), 2U);
  for (const Json& v : file.at("sets")) {
    const KeyTree tree = TreeOf(v);
    EXPECT_EQ(ScalarOf(tree.RootCaKey()), v.at("root_ca_p384_scalar"));
    EXPECT_EQ(ScalarOf(tree.TransactionKey()), v.at("transaction_signing_p384_scalar"));
    EXPECT_EQ(HexOfSecret(tree.PodStateSeed().value()), v.at("pod_state_seed"));
    EXPECT_EQ(HexOfSecret(tree.HistorySeed().value()), v.at("history_seed"));
    for (const auto& [id, secret] : v.at("workload_secrets").items()) {
      EXPECT_EQ(HexOfSecret(tree.WorkloadSecret(id).value()), secret);
    }
  }
}

TEST(KeyTree, RefusesBadRoots) {
  const auto create = [](size_t seed, size_t salt) {
    return KeyTree::Create(SecretOf(Bytes(seed, 1)), Bytes(salt, 2)).status();
  };
  EXPECT_OK(create(32, 32));
  EXPECT_OK(create(64, 32));
  EXPECT_OK(create(kMaxSeedSize, 32));
  EXPECT_THAT(create(31, 32), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(create(kMaxSeedSize + 1, 32), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(create(64, 31), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(create(64, 33), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(KeyTree::Create(SecretBytes(), Bytes(32)), HasCode(StatusCode::kInvalidArgument));
}

TEST(KeyTree, TheLongestSeedDerivesEverything) {
  const KeyTree tree =
      KeyTree::Create(SecretOf(Bytes(kMaxSeedSize, 1)), Bytes(kSeedSaltSize, 2)).value();
  EXPECT_OK(tree.RootCaKey());
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, tree.WorkloadSecret("w"));
  EXPECT_EQ(secret.size(), kMaxSeedSize);
}

TEST(KeyTree, RefusesEmptyNamesAndZeroCounters) {
  const KeyTree tree = KeyTree::Create(SecretOf(Bytes(64, 1)), Bytes(32, 2)).value();
  EXPECT_THAT(tree.WorkloadSecret(""), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(tree.Kek(0), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(tree.ComputeClusterId(Bytes(31)), HasCode(StatusCode::kInvalidArgument));
  const SecretBytes kek = tree.Kek(1).value();
  EXPECT_THAT(DeriveDek(kek, "", "id", 1), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(DeriveDek(kek, "kind", "", 1), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(DeriveDek(kek, "kind", "id", 0), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(DeriveDek(SecretOf(Bytes(31, 1)), "kind", "id", 1),
              HasCode(StatusCode::kInvalidArgument));
}

TEST(KeyTree, EveryInputOfADekMatters) {
  const auto dek = [](uint8_t seed, uint8_t salt, uint32_t epoch, std::string_view kind,
                      std::string_view id, uint32_t generation) {
    const KeyTree tree = KeyTree::Create(SecretOf(Bytes(64, seed)), Bytes(32, salt)).value();
    return HexOfSecret(DeriveDek(tree.Kek(epoch).value(), kind, id, generation).value());
  };
  const std::set<std::string> keys = {dek(1, 1, 1, "kind", "id", 1), dek(2, 1, 1, "kind", "id", 1),
                                      dek(1, 2, 1, "kind", "id", 1), dek(1, 1, 2, "kind", "id", 1),
                                      dek(1, 1, 1, "kine", "id", 1), dek(1, 1, 1, "kind", "ie", 1),
                                      dek(1, 1, 1, "kind", "id", 2), dek(1, 1, 1, "kin", "did", 1)};
  EXPECT_EQ(keys.size(), 8U);
}

TEST(KeyTree, GeneratesAFreshRootEachTime) {
  SystemRandom random;
  ASSERT_OK_AND_ASSIGN(const KeyTree a, KeyTree::Generate(random));
  ASSERT_OK_AND_ASSIGN(const KeyTree b, KeyTree::Generate(random));
  EXPECT_EQ(a.seed().size(), 64U);
  EXPECT_EQ(a.salt().size(), 32U);
  EXPECT_FALSE(a.seed().EqualsConstantTime(b.seed()));
  EXPECT_NE(a.salt(), b.salt());
}

class BrokenRandom final : public Random {
 public:
  Status Fill(std::span<uint8_t>) override { return Internal("no entropy"); }
};

TEST(KeyTree, MakesNothingWithoutRandomness) {
  BrokenRandom random;
  EXPECT_THAT(KeyTree::Generate(random), HasCode(StatusCode::kInternal));
}

}  // namespace
}  // namespace kedge
