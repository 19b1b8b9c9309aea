// What AMD writes into the extensions of a VCEK or VLEK certificate: structure only.
//
// Source: AMD Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface Specification
// (57230), section 3, OIDs under 1.3.6.1.4.1.3704.1.
#pragma once

#include <optional>
#include <string>

#include "attestation/parse/snp_report.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/certificate.h"

namespace kedge {

struct VcekExtensions {
  std::string product_name;           // "Milan-B0", "Genoa", …
  std::optional<SnpProduct> product;  // its line, nullopt where unknown
  SnpTcb tcb;                         // fmc only where the certificate has it
  std::optional<Bytes> hwid;          // VCEK: 64 bytes, Turin 8
  std::optional<std::string> csp_id;  // VLEK
};

// MALFORMED where productName or one of the components bl, tee, snp, ucode is missing or is not the
// DER that the specification wants. hwid is taken bare and as an OCTET STRING: both are in use.
StatusOr<VcekExtensions> ParseVcekExtensions(const Certificate& certificate);

}  // namespace kedge
