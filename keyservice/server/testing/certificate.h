// What a certificate says, for tests.
#pragma once

#include <absl/time/time.h>

#include <string>

#include "base/status.h"

namespace kedge::testing {

struct ShownCertificate {
  std::string subject;  // RFC 2253 order as encoded, "O=…,CN=…"
  absl::Time not_before;
  absl::Time not_after;
};
StatusOr<ShownCertificate> DescribeCertificate(const std::string& pem);
// By signature.
bool IsIssuedBy(const std::string& pem, const std::string& ca_pem);

}  // namespace kedge::testing
