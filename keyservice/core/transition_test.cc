#include "keyservice/core/transition.h"

#include <gtest/gtest.h>

#include "base/lp.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

class TransitionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(first_, SignTransition(1, Sha256(AsBytes("one")), {}, key_));
    ASSERT_OK_AND_ASSIGN(second_,
                         SignTransition(2, Sha256(AsBytes("two")), TransitionHash(first_), key_));
  }
  const VerifyKey& verify_key() const { return key_.public_key(); }

  const SigningKey key_ = *SigningKey::Generate(Curve::kP384);
  Transition first_;
  Transition second_;
};

TEST_F(TransitionTest, HashMatchesTheFixedVector) {
  // vectors/keys: manifest "{}", previous zero.
  EXPECT_EQ(ToHex(TransitionHash(Sha256(AsBytes("{}")), {})),
            "a48bf97e27b31e740c70c45c448a6662348ac17929be75f4575cad36401c8211");
}

TEST_F(TransitionTest, MessageIsLpEncoded) {
  EXPECT_EQ(TransitionMessage(second_), Lp({AsBytes("kedge/1 transition"), U64Be(2),
                                            second_.manifest_digest, second_.previous}));
}

TEST_F(TransitionTest, AHistoryVerifies) {
  EXPECT_OK(VerifyHistory(std::vector{first_}, verify_key()));
  EXPECT_OK(VerifyHistory(std::vector{first_, second_}, verify_key()));
}

TEST_F(TransitionTest, EveryFieldIsSigned) {
  Transition t = second_;
  t.generation = 3;
  EXPECT_THAT(VerifyTransition(t, verify_key()), HasFault("HISTORY_NOT_AUTHENTIC"));
  t = second_;
  t.manifest_digest[0] ^= 1;
  EXPECT_THAT(VerifyTransition(t, verify_key()), HasFault("HISTORY_NOT_AUTHENTIC"));
  t = second_;
  t.previous[31] ^= 1;
  EXPECT_THAT(VerifyTransition(t, verify_key()), HasFault("HISTORY_NOT_AUTHENTIC"));
  t = second_;
  t.signature.clear();
  EXPECT_THAT(VerifyTransition(t, verify_key()), HasFault("HISTORY_NOT_AUTHENTIC"));
}

TEST_F(TransitionTest, AnotherSeedsKeySignsNothingHere) {
  const SigningKey other = *SigningKey::Generate(Curve::kP384);
  EXPECT_THAT(VerifyHistory(std::vector{first_}, other.public_key()),
              HasFault("HISTORY_NOT_AUTHENTIC"));
}

TEST_F(TransitionTest, AHistoryIsWholeAndInOrder) {
  EXPECT_THAT(VerifyHistory({}, verify_key()), HasFault("HISTORY_NOT_AUTHENTIC"));
  EXPECT_THAT(VerifyHistory(std::vector{second_}, verify_key()), HasFault("HISTORY_NOT_AUTHENTIC"));
  EXPECT_THAT(VerifyHistory(std::vector{second_, first_}, verify_key()),
              HasFault("HISTORY_NOT_AUTHENTIC"));
  // A fork signed by the same key but with a generation that does not grow.
  ASSERT_OK_AND_ASSIGN(const Transition same,
                       SignTransition(1, Sha256(AsBytes("x")), TransitionHash(first_), key_));
  EXPECT_THAT(VerifyHistory(std::vector{first_, same}, verify_key()),
              HasFault("HISTORY_NOT_AUTHENTIC"));
  ASSERT_OK_AND_ASSIGN(const Transition unlinked,
                       SignTransition(3, Sha256(AsBytes("x")), TransitionHash(first_), key_));
  EXPECT_THAT(VerifyHistory(std::vector{first_, second_, unlinked}, verify_key()),
              HasFault("HISTORY_NOT_AUTHENTIC"));
}

}  // namespace
}  // namespace kedge
