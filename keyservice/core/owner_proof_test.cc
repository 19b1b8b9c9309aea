#include "keyservice/core/owner_proof.h"

#include <gtest/gtest.h>

#include "base/lp.h"
#include "base/status_matchers.h"
#include "keyservice/core/testing/test_cluster.h"

namespace kedge {
namespace {

const Bytes kMessage = ToBytes("kedge/1 owner proof of this very exchange");

Bytes ProofBy(const SigningKey& key, const VerifyKey& named, ByteView message = kMessage) {
  return Lp({Sha256(named.spki()), key.Sign(message).value()});
}
Bytes ProofBy(const SigningKey& key) { return ProofBy(key, key.public_key()); }

Status Check(ByteView bytes) {
  ASSIGN_OR_RETURN(const OwnerProof proof, ParseOwnerProof(bytes));
  const Manifest manifest = testing::MakeManifest(testing::TestManifestTerms());
  const auto owner = VerifyOwnerProof(proof, kMessage, manifest);
  const Status alone = VerifyOwnerProof(proof, kMessage, testing::TestOwnerKey().public_key());
  EXPECT_EQ(owner.ok(), alone.ok());
  return owner.status();
}

TEST(OwnerProofTest, AnOwnerOfTheManifestIsAccepted) {
  EXPECT_OK(Check(ProofBy(testing::TestOwnerKey())));
}

TEST(OwnerProofTest, AStrangerIsNot) {
  const SigningKey stranger = *SigningKey::Generate(Curve::kP384);
  EXPECT_THAT(Check(ProofBy(stranger)), HasFault("NOT_OWNER"));
  // With the owner's key named.
  EXPECT_THAT(Check(ProofBy(stranger, testing::TestOwnerKey().public_key())),
              HasFault("NOT_OWNER"));
}

TEST(OwnerProofTest, TheSignatureCoversTheExchange) {
  const SigningKey& owner = testing::TestOwnerKey();
  EXPECT_THAT(Check(ProofBy(owner, owner.public_key(), AsBytes("of another exchange"))),
              HasFault("NOT_OWNER"));
}

TEST(OwnerProofTest, TheFormIsExact) {
  const Bytes good = ProofBy(testing::TestOwnerKey());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(ParseOwnerProof(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THAT(ParseOwnerProof(longer), HasFault("MALFORMED"));
  EXPECT_THAT(ParseOwnerProof(Lp({Bytes(31), Bytes(70)})), HasFault("MALFORMED"));
  EXPECT_THAT(ParseOwnerProof(Lp({Bytes(32), Bytes(257)})), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
