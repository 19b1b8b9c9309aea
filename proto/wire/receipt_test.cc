#include "proto/wire/receipt.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/status_matchers.h"

namespace kedge::wire {
namespace {

Receipt TestReceipt(const SigningKey& identity) {
  const SigningKey transaction = SigningKey::Generate(Curve::kP384).value();
  Receipt receipt;
  receipt.cluster_id.fill(7);
  receipt.latest = SignTransition(3, Sha256(AsBytes("manifest")), {}, transaction).value();
  receipt.coordinator_node = "node-1";
  receipt.coordinator_id = Bytes(32, 9);
  receipt.measurement_salt.fill(5);
  receipt.coordinator_disk_counter = uint64_t{1} << 60;
  return SignReceipt(receipt, identity).value();
}

TEST(ReceiptFile, SurvivesWithItsSignatures) {
  const SigningKey identity = SigningKey::Generate(Curve::kP256).value();
  const Receipt made = TestReceipt(identity);
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintReceipt(made));
  ASSERT_OK_AND_ASSIGN(const Receipt read, ParseReceipt(AsBytes(text)));
  EXPECT_OK(VerifyReceipt(read, identity.public_key()));
  EXPECT_EQ(ReceiptMessage(read), ReceiptMessage(made));
  EXPECT_EQ(read.latest, made.latest);
  EXPECT_EQ(read.coordinator_disk_counter, uint64_t{1} << 60);
}

TEST(ReceiptFile, FormatOneIsReadWithoutACounter) {
  const SigningKey identity = SigningKey::Generate(Curve::kP256).value();
  Receipt old = TestReceipt(identity);
  old.counted = false;
  auto json = nlohmann::json::parse(PrintReceipt(old).value());
  EXPECT_EQ(json.at("format"), "kedge.receipt.v1");
  EXPECT_THAT(ParseReceipt(AsBytes(json.dump())), HasFault("MALFORMED"));
  json.erase("coordinator_disk_counter");
  ASSERT_OK_AND_ASSIGN(const Receipt read, ParseReceipt(AsBytes(json.dump())));
  EXPECT_FALSE(read.counted);
  EXPECT_EQ(read.coordinator_disk_counter, 0u);
}

TEST(ReceiptFile, RefusesMissingAndMisshapenFields) {
  const SigningKey identity = SigningKey::Generate(Curve::kP256).value();
  const auto good = nlohmann::json::parse(PrintReceipt(TestReceipt(identity)).value());
  const auto parse = [](const nlohmann::json& json) {
    return ParseReceipt(AsBytes(json.dump())).status();
  };
  ASSERT_OK(parse(good));
  for (const char* path : {"/format", "/cluster_id", "/service_key_spki", "/latest",
                           "/latest/manifest_digest", "/latest/previous", "/latest/signature",
                           "/coordinator_id", "/measurement_salt", "/signature"}) {
    EXPECT_THAT(parse(good.patch({{{"op", "remove"}, {"path", path}}})), HasFault("MALFORMED"))
        << path;
  }
  for (const char* path :
       {"/cluster_id", "/latest/manifest_digest", "/latest/previous", "/measurement_salt"}) {
    const auto changed =
        good.patch({{{"op", "replace"}, {"path", path}, {"value", ToBase64(Bytes(31))}}});
    EXPECT_THAT(parse(changed), HasFault("MALFORMED")) << path;
  }
}

TEST(SeedShareFile, Survives) {
  const SeedShare made{.owner = "owner",
                       .owner_key_digest = Sha256(AsBytes("key")),
                       .encrypted_seed = Bytes(512, 3),
                       .salt = Bytes(32, 4)};
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintSeedShare(made));
  ASSERT_OK_AND_ASSIGN(const SeedShare read, ParseSeedShare(AsBytes(text)));
  EXPECT_EQ(read.owner, made.owner);
  EXPECT_EQ(read.owner_key_digest, made.owner_key_digest);
  EXPECT_EQ(read.encrypted_seed, made.encrypted_seed);
  EXPECT_EQ(read.salt, made.salt);
  SeedShare bad = made;
  bad.salt.pop_back();
  EXPECT_THAT(ParseSeedShare(AsBytes(PrintSeedShare(bad).value())), HasFault("MALFORMED"));
  EXPECT_THAT(ParseSeedShare(AsBytes("{}")), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge::wire
