// What `scripts/bench verify` measures: verifiers, each beside OpenSSL's own rate for the
// signatures that it has to check.
#pragma once

#include <string>
#include <vector>

#include "crypto/testing/test_pki.h"
#include "tests/bench/bench.h"

namespace kedge::bench {

// Ends the program where a subject does not do what it is measured at.
void Must(bool good, const char* what);

// `digest` and `signature` as EVP_PKEY_verify takes them; RSA with PKCS #1 v1.5 and SHA-256.
enum class RawScheme { kEcdsa, kRsa };
Subject RawVerify(const char* name, const kedge::testing::TestKey& key, const Bytes& digest,
                  const Bytes& signature, RawScheme scheme = RawScheme::kEcdsa);

struct VerifyCase {
  Subject subject;
  double signatures = 1;  // the reference's rate is divided by it
  double target = 0;      // share of that rate; 0: only shown
};
struct VerifyGroup {
  Subject reference;
  std::vector<VerifyCase> cases;
};

VerifyGroup SnpGroup();
VerifyGroup TdxGroup();
VerifyGroup TpmEcGroup();
VerifyGroup TpmRsaGroup();

struct EventLogCase {
  Subject subject;
  std::string size;  // events, bytes and banks, for people
};
// The firmware's log of a boot with a unified kernel image: read, replayed, re-hashed.
EventLogCase BootLogCase();

}  // namespace kedge::bench
