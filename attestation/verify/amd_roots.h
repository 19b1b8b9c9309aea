// AMD's root keys (ARK) by the SHA-256 of their SubjectPublicKeyInfo. The only trust that SNP
// evidence starts from, unless a policy names another root.
#pragma once

#include <span>
#include <string>

#include "attestation/parse/snp_report.h"
#include "crypto/digest.h"

namespace kedge {

struct SnpRoot {
  SnpProduct product = SnpProduct::kMilan;
  Sha256Digest spki_sha256{};
  std::string name;  // for people
};

std::span<const SnpRoot> AmdRoots();

}  // namespace kedge
