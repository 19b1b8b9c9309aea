#include "keyservice/core/manifest_update.h"

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

class ManifestUpdateTest : public ::testing::Test {
 protected:
  ManifestUpdateTest() {
    ManifestTerms terms = TestManifestTerms();
    terms.owner_keys.push_back(OwnerKeyEntry("second", second_.public_key()));
    current_ = std::make_unique<Manifest>(MakeManifest(terms));
    terms.generation = 2;
    next_ = std::make_unique<Manifest>(MakeManifest(terms, "next"));
    step_ = {.generation = 2, .manifest_digest = next_->digest(), .previous = {7}, .signature = {}};
  }
  OwnerProof Approve(const SigningKey& key) {
    return ApproveUpdate(step_.previous, *next_, key).value();
  }
  Status Check(const std::vector<OwnerProof>& approvals) {
    return CheckApprovals(*current_, step_, approvals);
  }

  const SigningKey second_ = SigningKey::Generate(Curve::kP384).value();
  std::unique_ptr<Manifest> current_;
  std::unique_ptr<Manifest> next_;
  Transition step_;
};

TEST_F(ManifestUpdateTest, AnUpdateIsTheNextGenerationOfTheSameCluster) {
  EXPECT_OK(CheckIsUpdate(*current_, *next_));
  ManifestTerms terms = TestManifestTerms();
  for (const uint64_t generation : {1U, 3U}) {
    terms.generation = generation;
    EXPECT_THAT(CheckIsUpdate(*current_, MakeManifest(terms)), HasFault("UPDATE_NOT_NEXT"));
  }
  terms.generation = 2;
  terms.cluster = "other";
  EXPECT_THAT(CheckIsUpdate(*current_, MakeManifest(terms)), HasFault("UPDATE_OTHER_CLUSTER"));
}

TEST_F(ManifestUpdateTest, AnyOwnerOfTheManifestInForceApproves) {
  EXPECT_OK(Check({Approve(TestOwnerKey())}));
  EXPECT_OK(Check({Approve(second_)}));
  EXPECT_OK(Check({Approve(second_), Approve(TestOwnerKey())}));
}

TEST_F(ManifestUpdateTest, NobodyElseAndNothingElse) {
  EXPECT_THAT(Check({}), HasFault("APPROVAL_MISSING"));
  const SigningKey stranger = SigningKey::Generate(Curve::kP384).value();
  EXPECT_THAT(Check({Approve(stranger)}), HasFault("NOT_OWNER"));
  EXPECT_THAT(Check({Approve(second_), Approve(stranger)}), HasFault("NOT_OWNER"));
  EXPECT_THAT(Check({Approve(second_), Approve(second_)}), HasFault("APPROVAL_TWICE"));
  OwnerProof borrowed = Approve(stranger);
  borrowed.key_digest = Sha256(second_.public_key().spki());
  EXPECT_THAT(Check({borrowed}), HasFault("NOT_OWNER"));
}

TEST_F(ManifestUpdateTest, AnApprovalIsForOneStepOnly) {
  const OwnerProof approval = Approve(second_);
  const auto check_other = [&](auto change) {
    Transition other = step_;
    change(other);
    return CheckApprovals(*current_, other, std::vector<OwnerProof>{approval});
  };
  EXPECT_OK(check_other([](Transition&) {}));
  EXPECT_THAT(check_other([](Transition& t) { t.generation = 3; }), HasFault("NOT_OWNER"));
  EXPECT_THAT(check_other([](Transition& t) { t.previous = {8}; }), HasFault("NOT_OWNER"));
  EXPECT_THAT(check_other([](Transition& t) { t.manifest_digest = {9}; }), HasFault("NOT_OWNER"));
}

TEST_F(ManifestUpdateTest, TheRecordComesBackAndNothingElseIsOne) {
  const std::vector<OwnerProof> approvals = {Approve(second_), Approve(TestOwnerKey())};
  const Bytes record = PrintApprovals(approvals);
  ASSERT_OK_AND_ASSIGN(const std::vector<OwnerProof> read, ParseApprovals(record));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_OK(Check(read));
  for (size_t size = 0; size < record.size(); ++size) {
    EXPECT_THAT(ParseApprovals(ByteView(record).first(size)), HasFault("MALFORMED")) << size;
  }
  Bytes longer = record;
  longer.push_back(0);
  EXPECT_THAT(ParseApprovals(longer), HasFault("MALFORMED"));
  EXPECT_THAT(ParseApprovals(PrintApprovals(std::vector<OwnerProof>(257))), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
