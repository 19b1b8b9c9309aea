// Elliptic-curve Diffie-Hellman on P-256 and P-384 (SP 800-56A), for a TPM's ECC endorsement key.
#pragma once

#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/ecdsa.h"

namespace kedge {

// The x coordinate of the shared point, as long as the field. INVALID_ARGUMENT where the curves
// differ. Give a fresh key: one key pair serves either signatures or agreement, never both.
StatusOr<SecretBytes> EcdhSharedX(const SigningKey& own, const VerifyKey& peer);

struct EcPoint {
  Bytes x;  // big-endian, padded to the field size
  Bytes y;
};
EcPoint PointOf(const VerifyKey& key);

}  // namespace kedge
