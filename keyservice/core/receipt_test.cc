#include "keyservice/core/receipt.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/status_matchers.h"

namespace kedge {
namespace {

class ReceiptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const SigningKey transaction = *SigningKey::Generate(Curve::kP384);
    Receipt receipt;
    receipt.cluster_id.fill(7);
    ASSERT_OK_AND_ASSIGN(receipt.latest, SignTransition(1, Sha256(AsBytes("m")), {}, transaction));
    receipt.coordinator_node = "node-1";
    receipt.coordinator_id = Bytes(32, 9);
    receipt.measurement_salt.fill(5);
    receipt.coordinator_disk_counter = 6;
    ASSERT_OK_AND_ASSIGN(receipt_, SignReceipt(receipt, identity_));
  }

  const SigningKey identity_ = *SigningKey::Generate(Curve::kP256);
  Receipt receipt_;
};

TEST_F(ReceiptTest, VerifiesUnderTheIdentityKey) {
  EXPECT_OK(VerifyReceipt(receipt_, identity_.public_key()));
  EXPECT_THAT(VerifyReceipt(receipt_, SigningKey::Generate(Curve::kP256)->public_key()),
              HasFault("RECEIPT_NOT_AUTHENTIC"));
}

TEST_F(ReceiptTest, EveryFieldIsSigned) {
  const std::vector<std::function<void(Receipt&)>> changes = {
      [](Receipt& r) { r.cluster_id[0] ^= 1; },
      [](Receipt& r) { r.service_key_spki[5] ^= 1; },
      [](Receipt& r) { r.latest.generation++; },
      [](Receipt& r) { r.latest.manifest_digest[0] ^= 1; },
      [](Receipt& r) { r.latest.previous[0] ^= 1; },
      [](Receipt& r) { r.latest.signature[8] ^= 1; },
      [](Receipt& r) { r.coordinator_node = "node-2"; },
      [](Receipt& r) { r.coordinator_id[0] ^= 1; },
      [](Receipt& r) { r.measurement_salt[0] ^= 1; },
      [](Receipt& r) { r.coordinator_disk_counter = 7; },
      [](Receipt& r) { r.counted = false; },
      [](Receipt& r) { r.signature[8] ^= 1; },
      [](Receipt& r) { r.signature.clear(); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    Receipt changed = receipt_;
    changes[i](changed);
    EXPECT_THAT(VerifyReceipt(changed, identity_.public_key()), HasFault("RECEIPT_NOT_AUTHENTIC"))
        << "change " << i;
  }
}

// As signed before disks were counted: its counter is nobody's word, and 0.
TEST_F(ReceiptTest, FormatOneStillVerifies) {
  Receipt old = receipt_;
  old.counted = false;
  old.coordinator_disk_counter = 0;
  ASSERT_OK_AND_ASSIGN(old.signature, identity_.Sign(ReceiptMessage(old)));
  EXPECT_OK(VerifyReceipt(old, identity_.public_key()));
  old.counted = true;
  EXPECT_THAT(VerifyReceipt(old, identity_.public_key()), HasFault("RECEIPT_NOT_AUTHENTIC"));
}

TEST_F(ReceiptTest, FresherSaysMoreAndLessInNothing) {
  const auto with = [this](uint64_t generation, uint64_t counter) {
    Receipt other = receipt_;
    other.latest.generation = generation;
    other.coordinator_disk_counter = counter;
    return other;
  };
  EXPECT_FALSE(IsFresher(receipt_, receipt_));
  EXPECT_TRUE(IsFresher(with(1, 7), receipt_));
  EXPECT_FALSE(IsFresher(with(1, 5), receipt_));
  EXPECT_TRUE(IsFresher(with(2, 6), receipt_));
  EXPECT_FALSE(IsFresher(with(2, 5), receipt_));
  EXPECT_FALSE(IsFresher(with(0, 9), receipt_));
  Receipt other = with(2, 9);
  other.cluster_id[0] ^= 1;
  EXPECT_FALSE(IsFresher(other, receipt_));
  other = with(1, 9);
  other.latest.manifest_digest[0] ^= 1;
  EXPECT_FALSE(IsFresher(other, receipt_)) << "a fork";
  other = with(1, 9);
  other.coordinator_id[0] ^= 1;
  EXPECT_FALSE(IsFresher(other, receipt_)) << "another machine's disk";
}

TEST_F(ReceiptTest, AnOlderDiskIsARollback) {
  Transition disk = receipt_.latest;
  EXPECT_OK(CheckFreshness(disk, receipt_.latest));
  disk.generation = 2;
  EXPECT_OK(CheckFreshness(disk, receipt_.latest));
  disk.generation = 0;
  EXPECT_THAT(CheckFreshness(disk, receipt_.latest), HasFault("ROLLBACK_DETECTED"));
}

TEST_F(ReceiptTest, AnotherManifestOfTheSameGenerationIsAFork) {
  Transition disk = receipt_.latest;
  disk.manifest_digest[3] ^= 1;
  EXPECT_THAT(CheckFreshness(disk, receipt_.latest), HasFault("HISTORY_FORKED"));
}

}  // namespace
}  // namespace kedge
