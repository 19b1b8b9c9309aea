#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdio>
#include <cstdlib>

#include "tests/bench/verify_cases.h"

namespace kedge::bench {

void Must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "bench: %s\n", what);
  std::exit(5);
}

Subject RawVerify(const char* name, const kedge::testing::TestKey& key, const Bytes& digest,
                  const Bytes& signature, RawScheme scheme) {
  const bool rsa = scheme == RawScheme::kRsa;
  return {name, [key, digest, signature, rsa] {
            EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key.native(), nullptr);
            const bool good =
                EVP_PKEY_verify_init(context) == 1 &&
                (!rsa || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                          EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1)) &&
                EVP_PKEY_verify(context, signature.data(), signature.size(), digest.data(),
                                digest.size()) == 1;
            EVP_PKEY_CTX_free(context);
            Must(good, "raw verification failed");
          }};
}

}  // namespace kedge::bench
