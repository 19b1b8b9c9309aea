// A certificate authority of TPM manufacturers that exists only in tests: a policy must name its
// root to accept anything that it signs.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"

struct evp_pkey_st;

namespace kedge::testing {

class TestTpmCa {
 public:
  explicit TestTpmCa(const std::string& common_name = "Kedge test TPM root");

  // An authority that `root` has certified: what it signs leads to root.root_pem() over its own
  // root_pem().
  static TestTpmCa Below(const TestTpmCa& root, const std::string& common_name);

  const std::string& root_pem() const { return root_pem_; }
  // An EK certificate (DER) as swtpm's CA makes it: empty subject, critical subjectAltName with the
  // TPM's manufacturer as directoryName; valid from 2020 to 2049.
  Bytes IssueEkCertificate(ByteView ek_spki) const;

 private:
  TestTpmCa(const std::string& common_name, const TestTpmCa* issuer);
  std::shared_ptr<evp_pkey_st> key_;
  std::string root_pem_;
};

}  // namespace kedge::testing
