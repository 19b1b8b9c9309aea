// How fast SNP reports are verified, beside OpenSSL's own P-384 verification in the same run.
// Warm: the chip's certificate is known, one signature remains. Cold: a new chip below issuers that
// are known, its certificate to read and one RSA signature besides.
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>

#include "attestation/verify/snp.h"
#include "attestation/verify/testing/snp_world.h"
#include "tests/bench/bench.h"

namespace {

using namespace kedge;  // NOLINT: a program
using bench::Subject;
using kedge::testing::SnpWorld;
using kedge::testing::TestKey;

constexpr double kWarmTarget = 0.92;
constexpr double kColdTarget = 0.70;

void Must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "bench: %s\n", what);
  std::exit(1);
}

Subject RawVerify() {
  const TestKey key = TestKey::P384();
  const Bytes message(kSnpSignedSize, 1);
  const auto digest = Sha384(message);
  const Bytes signature = key.Sign(message);
  return {"OpenSSL P-384 verify", [key, digest, signature] {
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
  const SnpWorld world;
  const SnpEvidence evidence = world.Evidence();
  const SnpPolicy policy = world.Policy();
  const SnpIssuers issuers = SnpIssuers::Examine(evidence.certificates, policy, SnpWorld::Time());
  const SnpEndorsement known =
      SnpEndorsement::Examine(evidence.certificates.leaf, issuers, SnpWorld::Time());
  const auto trusted = [](const SnpAppraisal& appraisal) {
    Must(appraisal.verdict.trusted(), "the report was not trusted");
  };
  Subject raw = RawVerify();
  Subject warm{"SNP warm",
               [&] { trusted(AppraiseSnp(evidence.report, known, policy, std::nullopt)); }};
  Subject cold{"SNP cold", [&] {
                 trusted(AppraiseSnp(
                     evidence.report,
                     SnpEndorsement::Examine(evidence.certificates.leaf, issuers, SnpWorld::Time()),
                     policy, std::nullopt));
               }};
  bench::Measure({&raw, &warm, &cold}, 9, 0.3);
  std::printf("%-34s %10.0f /s\n", raw.name.c_str(), raw.Median());
  const bool warm_good = bench::Report(warm, raw.Median(), kWarmTarget);
  const bool cold_good = bench::Report(cold, raw.Median(), kColdTarget);
  return warm_good && cold_good ? 0 : 1;
}
