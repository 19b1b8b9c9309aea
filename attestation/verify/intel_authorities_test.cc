#include "attestation/verify/intel_authorities.h"

#include <gtest/gtest.h>

#include "attestation/verify/testing/tdx_machine.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::MakeCertificate;
using testing::TdxMachine;
using testing::TestKey;
using testing::TestSignature;

class IntelAuthoritiesTest : public ::testing::Test {
 protected:
  IntelAuthoritiesTest() { machine_.FreezeRoot(); }

  std::vector<Certificate> Chain() const {
    return *Certificate::ListFromPem(machine_.PckChainPem(), 3);
  }

  TdxMachine machine_{4, false};
  IntelAuthorities known_;
};

TEST_F(IntelAuthoritiesTest, RemembersAuthoritiesAndNoLeaf) {
  const std::vector<Certificate> chain = Chain();
  for (int i = 0; i < 2; ++i) {
    EXPECT_OK(known_.CheckIssuedBy(chain[0], chain[1]));
    EXPECT_OK(known_.CheckIssuedBy(chain[1], chain[2]));
    EXPECT_OK(known_.CheckIssuedBy(chain[2], chain[2]));
    EXPECT_EQ(known_.size(), 2u);
  }
  ASSERT_OK_AND_ASSIGN(const Certificate again, known_.Read(chain[1].der()));
  EXPECT_EQ(again.der(), chain[1].der());
  EXPECT_EQ(again.spki(), chain[1].spki());
}

// A certificate whose every byte but one is known is a stranger's.
TEST_F(IntelAuthoritiesTest, NoChangedByteIsKnown) {
  const std::vector<Certificate> chain = Chain();
  ASSERT_OK(known_.CheckIssuedBy(chain[1], chain[2]));
  int read = 0;
  for (size_t at = 0; at < chain[1].der().size(); ++at) {
    Bytes changed = chain[1].der();
    changed[at] ^= 1;
    const StatusOr<Certificate> stranger = known_.Read(changed);
    if (!stranger.ok()) continue;
    ++read;
    EXPECT_EQ(stranger->der(), changed);
    EXPECT_THAT(known_.CheckIssuedBy(*stranger, chain[2]), HasFault("CHAIN")) << at;
  }
  EXPECT_GT(read, 100);
  EXPECT_EQ(known_.size(), 1u);
}

TEST_F(IntelAuthoritiesTest, AnotherIssuerOfTheSameNameIsAskedForItself) {
  const std::vector<Certificate> chain = Chain();
  ASSERT_OK(known_.CheckIssuedBy(chain[1], chain[2]));
  const TestKey other = TestKey::P256();
  const Certificate impostor = *Certificate::FromDer(
      MakeCertificate(machine_.root_terms, other, other, TestSignature::kEcdsa));
  ASSERT_EQ(impostor.subject_der(), chain[2].subject_der());
  EXPECT_THAT(known_.CheckIssuedBy(chain[1], impostor), HasFault("CHAIN"));
}

TEST_F(IntelAuthoritiesTest, KeepsWhatWasUsedLast) {
  const std::vector<Certificate> chain = Chain();
  for (long serial = 100; serial < 150; ++serial) {
    ASSERT_OK(known_.CheckIssuedBy(chain[1], chain[2]));
    machine_.ca_terms.serial = serial;
    const std::vector<Certificate> others = Chain();
    ASSERT_OK(known_.CheckIssuedBy(others[1], others[2]));
  }
  EXPECT_EQ(known_.size(), 16u);
}

TEST_F(IntelAuthoritiesTest, SparesNoQuoteAnyCheck) {
  PckChainCache cache(4);
  const Bytes quote = machine_.Quote();
  const TdxCollateralFiles files = machine_.Files();
  const TdxPolicy policy = TdxMachine::Policy();
  const auto verify = [&](const SpkiPins& roots, absl::Time at) {
    return VerifyTdx(quote, TdxCollateral::Read(files, &cache.authorities()),
                     {.policy = policy, .roots = roots, .at = at, .cache = &cache})
        .verdict;
  };
  const absl::Time now = TdxMachine::Now();
  EXPECT_TRUE(verify(machine_.Roots(), now).trusted());
  EXPECT_EQ(cache.authorities().size(), 2u);
  // Everything is known now, and still: another root, another time, a revoked authority.
  EXPECT_EQ(verify({}, now).FirstFailure().substr(0, 8), "ROOT_PIN");
  EXPECT_EQ(verify(machine_.Roots(), now + absl::Hours(24 * 365 * 40)).outcome,
            Outcome::kUntrusted);
  machine_.root_crl.revoked = {machine_.ca_terms.serial};
  const auto revoked = TdxCollateral::Read(machine_.Files(), &cache.authorities());
  const Verdict verdict =
      VerifyTdx(quote, revoked,
                {.policy = policy, .roots = machine_.Roots(), .at = now, .cache = &cache})
          .verdict;
  EXPECT_EQ(verdict.FirstFailure().substr(0, 11), "CRL_REVOKED");
}

}  // namespace
}  // namespace kedge
