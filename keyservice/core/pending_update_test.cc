#include "keyservice/core/pending_update.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/status_matchers.h"
#include "keyservice/core/testing/test_cluster.h"

namespace kedge {
namespace {

using kedge::testing::MakeManifest;
using kedge::testing::OwnerKeyEntry;
using kedge::testing::TestManifestTerms;
using kedge::testing::TestOwnerKey;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Three owners, of whom two must approve.
class PendingUpdateTest : public ::testing::Test {
 protected:
  PendingUpdateTest() {
    ManifestTerms terms = TestManifestTerms();
    terms.owner_keys[0].name = "first";
    terms.owner_keys.push_back(OwnerKeyEntry("second", second_.public_key()));
    terms.owner_keys.push_back(OwnerKeyEntry("third", third_.public_key()));
    terms.owner_threshold = 2;
    current_ = std::make_unique<Manifest>(MakeManifest(terms));
    terms.generation = 2;
    next_ = std::make_unique<Manifest>(MakeManifest(terms, "next"));
    other_ = std::make_unique<Manifest>(MakeManifest(terms, "other"));
  }
  Transition StepTo(const Manifest& next, const Sha256Digest& previous = {7}) const {
    return {
        .generation = 2, .manifest_digest = next.digest(), .previous = previous, .signature = {}};
  }
  OwnerProof Approve(const SigningKey& key, const Manifest& next) const {
    return ApproveUpdate({7}, next, key).value();
  }
  StatusOr<PendingUpdate> Add(const std::optional<PendingUpdate>& pending, const Manifest& next,
                              const std::vector<OwnerProof>& approvals) const {
    return AddApprovals(*current_, pending, StepTo(next), approvals);
  }
  ApprovalTally Tally(const PendingUpdate& pending) const {
    return TallyApprovals(*current_, pending.step, pending.approvals).value();
  }

  const SigningKey& first_ = TestOwnerKey();
  const SigningKey second_ = SigningKey::Generate(Curve::kP384).value();
  const SigningKey third_ = SigningKey::Generate(Curve::kP384).value();
  std::unique_ptr<Manifest> current_;
  std::unique_ptr<Manifest> next_;
  std::unique_ptr<Manifest> other_;
};

TEST_F(PendingUpdateTest, OneOfTwoWaitsAndTheSecondCompletes) {
  ASSERT_OK_AND_ASSIGN(const PendingUpdate one, Add({}, *next_, {Approve(first_, *next_)}));
  EXPECT_FALSE(Tally(one).complete());
  EXPECT_THAT(Tally(one).approved, ElementsAre("first"));
  EXPECT_THAT(Tally(one).missing, ElementsAre("second", "third"));
  const Status alone = CheckApprovals(*current_, one.step, one.approvals);
  EXPECT_THAT(alone, HasFault("APPROVAL_MISSING"));
  EXPECT_THAT(MessageOf(alone),
              HasSubstr("1 of 2 approvals; who could still approve: second, third"));
  ASSERT_OK_AND_ASSIGN(const PendingUpdate two, Add(one, *next_, {Approve(third_, *next_)}));
  EXPECT_TRUE(Tally(two).complete());
  EXPECT_THAT(Tally(two).approved, ElementsAre("first", "third"));
  EXPECT_OK(CheckApprovals(*current_, two.step, two.approvals));
}

TEST_F(PendingUpdateTest, TheSameOwnerTwiceIsOneApproval) {
  ASSERT_OK_AND_ASSIGN(const PendingUpdate one, Add({}, *next_, {Approve(first_, *next_)}));
  ASSERT_OK_AND_ASSIGN(const PendingUpdate again, Add(one, *next_, {Approve(first_, *next_)}));
  EXPECT_EQ(again.approvals.size(), 1U);
  EXPECT_FALSE(Tally(again).complete());
}

TEST_F(PendingUpdateTest, AKeyUnderTwoNamesIsOneOwner) {
  ManifestTerms terms = TestManifestTerms();
  terms.owner_keys.push_back(OwnerKeyEntry("alias", first_.public_key()));
  const Manifest manifest = MakeManifest(terms);
  const std::vector<OwnerProof> approvals = {Approve(first_, *next_)};
  ASSERT_OK_AND_ASSIGN(const ApprovalTally tally,
                       TallyApprovals(manifest, StepTo(*next_), approvals));
  EXPECT_EQ(tally.approved.size(), 1U);
  EXPECT_TRUE(tally.missing.empty());
  terms.owner_threshold = 2;
  EXPECT_THAT(Manifest::Create(terms, {}), HasFault("MANIFEST_NOT_VALID"));
}

TEST_F(PendingUpdateTest, AnotherUpdateWaitsItsTurnUnlessEnoughOwnersWantIt) {
  ASSERT_OK_AND_ASSIGN(const PendingUpdate one, Add({}, *next_, {Approve(first_, *next_)}));
  EXPECT_THAT(Add(one, *other_, {Approve(second_, *other_)}), HasFault("UPDATE_PENDING"));
  ASSERT_OK_AND_ASSIGN(const PendingUpdate wanted,
                       Add(one, *other_, {Approve(second_, *other_), Approve(third_, *other_)}));
  EXPECT_TRUE(Tally(wanted).complete());
  EXPECT_EQ(wanted.step.manifest_digest, other_->digest());
}

TEST_F(PendingUpdateTest, WhatWaitedBeforeAnotherStepIsForgotten) {
  const PendingUpdate stale{.step = StepTo(*next_, {8}), .approvals = {Approve(first_, *next_)}};
  ASSERT_OK_AND_ASSIGN(const PendingUpdate fresh, Add(stale, *other_, {Approve(second_, *other_)}));
  EXPECT_EQ(fresh.approvals.size(), 1U);
}

TEST_F(PendingUpdateTest, NobodyElseCounts) {
  const SigningKey stranger = SigningKey::Generate(Curve::kP384).value();
  EXPECT_THAT(Add({}, *next_, {}), HasFault("APPROVAL_MISSING"));
  EXPECT_THAT(Add({}, *next_, {Approve(stranger, *next_)}), HasFault("NOT_OWNER"));
  EXPECT_THAT(Add({}, *next_, {Approve(first_, *other_)}), HasFault("NOT_OWNER"));
  EXPECT_THAT(Add({}, *next_, {Approve(first_, *next_), Approve(first_, *next_)}),
              HasFault("APPROVAL_TWICE"));
}

TEST_F(PendingUpdateTest, AThresholdIsOneToTheNumberOfOwners) {
  ManifestTerms terms = TestManifestTerms();
  for (const uint32_t threshold : {0U, 2U}) {
    terms.owner_threshold = threshold;
    EXPECT_THAT(Manifest::Create(terms, {}), HasFault("MANIFEST_NOT_VALID")) << threshold;
  }
}

TEST_F(PendingUpdateTest, TheRecordComesBackAndNothingElseIsOne) {
  const PendingUpdate pending{.step = StepTo(*next_), .approvals = {Approve(first_, *next_)}};
  const Bytes record = PrintPendingUpdate(pending);
  ASSERT_OK_AND_ASSIGN(const PendingUpdate read, ParsePendingUpdate(record));
  EXPECT_EQ(read.step, pending.step);
  EXPECT_EQ(read.approvals.size(), 1U);
  for (size_t size = 0; size < record.size(); ++size) {
    EXPECT_THAT(ParsePendingUpdate(ByteView(record).first(size)), HasFault("MALFORMED")) << size;
  }
  Bytes longer = record;
  longer.push_back(0);
  EXPECT_THAT(ParsePendingUpdate(longer), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
