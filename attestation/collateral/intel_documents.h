// Intel's documents on their own: who signed them, what they are about, until when they hold.
#pragma once

#include <string>

#include "attestation/collateral/document.h"
#include "attestation/verify/intel_chain.h"

namespace kedge::collateral {

// Each verifies the document and its issuer chain to one of `roots`. The times of the certificates
// are not judged here: VerifyTdx does, at the time that counts.
DocumentCheck TcbInfoCheck(SpkiPins roots, std::string fmspc_hex);
DocumentCheck QeIdentityCheck(SpkiPins roots);
// The list of the Platform or the Processor CA, whose chain (CA and root) came with it.
DocumentCheck PckCrlCheck(SpkiPins roots, PckAuthority authority);
// The root's own list; `root` was verified by one of the checks above.
DocumentCheck RootCrlCheck(Certificate root);

// The last certificate of a chain in PEM. MALFORMED.
StatusOr<Certificate> RootOf(std::string_view chain_pem);

}  // namespace kedge::collateral
