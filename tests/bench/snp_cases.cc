// Warm: the chip's certificate is known, one signature remains. Cold: a new chip below issuers that
// are known, its certificate to read and one RSA signature besides.
#include <memory>

#include "attestation/verify/snp.h"
#include "attestation/verify/testing/snp_world.h"
#include "tests/bench/verify_cases.h"

namespace kedge::bench {

using kedge::testing::SnpWorld;
using kedge::testing::TestKey;

VerifyGroup SnpGroup() {
  struct State {
    const SnpWorld world;
    const SnpEvidence evidence = world.Evidence();
    const SnpPolicy policy = world.Policy();
    const SnpTime time = SnpWorld::Time();
    const SnpIssuers issuers = SnpIssuers::Examine(evidence.certificates, policy, time);
    const SnpEndorsement known = SnpEndorsement::Examine(evidence.certificates.leaf, issuers, time);

    void Verify(const SnpEndorsement& endorsement) const {
      Must(AppraiseSnp(evidence.report, endorsement, policy, std::nullopt).verdict.trusted(),
           "the report was not trusted");
    }
  };
  const auto state = std::make_shared<const State>();
  const TestKey key = TestKey::P384();
  const Bytes message(kSnpSignedSize, 1);
  return {
      RawVerify("OpenSSL P-384 verify", key, ToBytes(ByteView(Sha384(message))), key.Sign(message)),
      {{.subject = {"SNP warm", [state] { state->Verify(state->known); }}, .target = 0.92},
       {.subject = {"SNP cold",
                    [state] {
                      state->Verify(SnpEndorsement::Examine(state->evidence.certificates.leaf,
                                                            state->issuers, state->time));
                    }},
        .target = 0.70}}};
}

}  // namespace kedge::bench
