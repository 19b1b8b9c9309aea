// Certificates and CRLs made to order, good and bad ones, for tests.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

struct evp_pkey_st;

namespace kedge::testing {

class TestKey {
 public:
  static TestKey Rsa(int bits);
  static TestKey P256();
  static TestKey P384();
  // PKCS#8 or traditional PEM without a passphrase.
  static TestKey FromPem(const std::string& pem);
  // A public key alone: to be certified, never to sign.
  static TestKey FromSpki(ByteView spki);
  evp_pkey_st* native() const { return key_.get(); }
  Bytes Spki() const;
  // ECDSA in DER with the curve's hash (P-256 SHA-256, P-384 SHA-384).
  Bytes Sign(ByteView message) const;
  // The same as r and s, big-endian, as wide as the curve's field, one after the other.
  Bytes SignRs(ByteView message) const;

 private:
  explicit TestKey(evp_pkey_st* key);
  std::shared_ptr<evp_pkey_st> key_;
};

enum class TestSignature { kRsaPssSha384, kRsaSha256, kRsaSha1, kEcdsa };

struct CertificateTerms {
  std::string subject = "leaf";  // common names
  std::string issuer = "root";
  long serial = 1;
  absl::Time not_before = absl::FromUnixSeconds(1'700'000'000);
  absl::Time not_after = absl::FromUnixSeconds(2'000'000'000);
  bool ca = false;
  int path_length = -1;
  std::string key_usage = "";                                  // OpenSSL's words; empty: none
  std::vector<std::pair<std::string, Bytes>> extensions = {};  // OID, content
  std::string critical_oid = "";                               // which of them is critical
};
Bytes MakeCertificate(const CertificateTerms& terms, const TestKey& subject, const TestKey& issuer,
                      TestSignature signature);

struct CrlTerms {
  std::string issuer = "root";
  absl::Time this_update = absl::FromUnixSeconds(1'740'000'000);
  absl::Time next_update = absl::FromUnixSeconds(1'770'000'000);
  long number = 7;  // negative: none
  std::vector<long> revoked = {};
};
Bytes MakeCrl(const CrlTerms& terms, const TestKey& issuer, TestSignature signature);

std::string ToPem(ByteView der, const std::string& label);

}  // namespace kedge::testing
