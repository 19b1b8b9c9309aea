// Warm: platform and collateral are known, two signatures remain. Cold: a platform whose PCK
// certificate was never seen, and collateral that was never seen: of the ten signatures only those
// of Intel's root over itself and over the PCK authority, which come with every chain, are known.
// Alone: nothing at all is known.
#include <memory>

#include "attestation/verify/tdx.h"
#include "attestation/verify/testing/tdx_machine.h"
#include "tests/bench/verify_cases.h"

namespace kedge::bench {
namespace {

using kedge::testing::TdxMachine;
using kedge::testing::TestKey;

class State {
 public:
  State() {
    machine_.FreezeAuthorities();
    for (Platform& platform : platforms_) platform = {machine_.Quote(), machine_.Files()};
  }

  void Warm() { Verify(platforms_[0].quote, collateral(), &warm_); }
  // Each turn another platform's, and a cache with room for one: no leaf is ever found there.
  void Cold() {
    const Platform& platform = Next();
    Verify(platform.quote, TdxCollateral::Read(platform.files, &cold_.authorities()), &cold_);
  }
  void Alone() {
    const Platform& platform = Next();
    Verify(platform.quote, TdxCollateral::Read(platform.files), nullptr);
  }

 private:
  struct Platform {
    Bytes quote;
    TdxCollateralFiles files;
  };

  const Platform& Next() { return platforms_[turn_++ % platforms_.size()]; }
  const std::shared_ptr<const TdxCollateral>& collateral() {
    if (known_ == nullptr) known_ = TdxCollateral::Read(platforms_[0].files);
    return known_;
  }
  void Verify(const Bytes& quote, const std::shared_ptr<const TdxCollateral>& collateral,
              PckChainCache* cache) const {
    const TdxVerification seen =
        VerifyTdx(quote, collateral,
                  {.policy = policy_, .roots = roots_, .at = TdxMachine::Now(), .cache = cache});
    Must(seen.verdict.trusted(), "the quote was not trusted");
  }

  TdxMachine machine_{5, true};
  const TdxPolicy policy_ = TdxMachine::Policy();
  const SpkiPins roots_ = machine_.Roots();
  std::array<Platform, 32> platforms_;
  size_t turn_ = 0;
  std::shared_ptr<const TdxCollateral> known_;
  PckChainCache warm_{16};
  PckChainCache cold_{1};
};

}  // namespace

VerifyGroup TdxGroup() {
  const auto state = std::make_shared<State>();
  const TestKey key = TestKey::P256();
  const Bytes message(32, 1);
  return {
      RawVerify("OpenSSL P-256 verify", key, ToBytes(ByteView(Sha256(message))), key.Sign(message)),
      {{.subject = {"TDX warm", [state] { state->Warm(); }}, .signatures = 2, .target = 0.85},
       {.subject = {"TDX cold", [state] { state->Cold(); }}, .signatures = 10, .target = 0.80},
       {.subject = {"TDX alone", [state] { state->Alone(); }}, .signatures = 10}}};
}

}  // namespace kedge::bench
