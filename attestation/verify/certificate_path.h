// The path from a leaf certificate to an anchor, as rows of a verdict. Pure.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "attestation/verify/check_list.h"
#include "crypto/certificate.h"

namespace kedge {

// The leaf, then issuer after issuer out of `intermediates` until the anchor, which is last; at
// most 8 certificates. Where no such path exists, what could be built of it, without the anchor.
struct CertificatePath {
  std::vector<Certificate> certificates;
  bool reaches_anchor = false;
};
CertificatePath BuildPath(const Certificate& leaf, const std::vector<Certificate>& intermediates,
                          const Certificate& anchor);

// Rows CHAIN and TIME. The anchor is taken as it is, but for its own signature where it names
// itself as its issuer. `at` nullopt: TIME is skipped in writing.
void CheckPath(const CertificatePath& path, const Certificate& anchor, std::optional<absl::Time> at,
               CheckList& checks);

}  // namespace kedge
