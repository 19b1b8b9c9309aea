// How fast TDX quotes are verified, beside OpenSSL's own P-256 verification in the same run.
// Warm: platform and collateral are known, two signatures remain. Cold: nothing is known, ten
// signatures and all parsing.
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>

#include "attestation/verify/tdx.h"
#include "attestation/verify/testing/tdx_machine.h"
#include "tests/bench/bench.h"

namespace {

using namespace kedge;  // NOLINT: a program
using bench::Subject;
using kedge::testing::TdxMachine;
using kedge::testing::TestKey;

constexpr double kWarmTarget = 0.85;
constexpr double kColdTarget = 0.80;

void Must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "bench: %s\n", what);
  std::exit(1);
}

Subject RawVerify() {
  const TestKey key = TestKey::P256();
  const Bytes message(32, 1);
  const auto digest = Sha256(message);
  const Bytes signature = key.Sign(message);
  return {"OpenSSL P-256 verify", [key, digest, signature] {
            EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key.native(), nullptr);
            const bool good = EVP_PKEY_verify_init(context) == 1 &&
                              EVP_PKEY_verify(context, signature.data(), signature.size(),
                                              digest.data(), digest.size()) == 1;
            EVP_PKEY_CTX_free(context);
            Must(good, "raw verification failed");
          }};
}

}  // namespace

int main() {
  TdxMachine machine(5, true);
  machine.FreezeRoot();
  const Bytes quote = machine.Quote();
  const TdxCollateralFiles files = machine.Files();
  const TdxPolicy policy = TdxMachine::Policy();
  const SpkiPins roots = machine.Roots();
  PckChainCache cache(16);
  const auto collateral = TdxCollateral::Read(files);
  const auto verify = [&](const auto& known, PckChainCache* with) {
    const TdxVerification seen = VerifyTdx(
        quote, known, {.policy = policy, .roots = roots, .at = TdxMachine::Now(), .cache = with});
    Must(seen.verdict.outcome == Outcome::kTrusted, "the quote was not trusted");
  };

  Subject raw = RawVerify();
  Subject warm{"TDX warm", [&] { verify(collateral, &cache); }};
  Subject cold{"TDX cold", [&] { verify(TdxCollateral::Read(files), nullptr); }};
  bench::Measure({&raw, &warm, &cold}, 9, 0.3);
  std::printf("%-34s %10.0f /s\n", raw.name.c_str(), raw.Median());
  const bool warm_good = bench::Report(warm, raw.Median() / 2, kWarmTarget);
  const bool cold_good = bench::Report(cold, raw.Median() / 10, kColdTarget);
  return warm_good && cold_good ? 0 : 1;
}
