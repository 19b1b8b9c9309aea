// Deterministic ECDSA key generation (C2SP det-keygen): HMAC_DRBG (SP 800-90A section 10.1.2,
// SHA-256) over the secret with the curve's personalisation string, rejection sampling.
#pragma once

#include "crypto/ecdsa.h"

namespace kedge {

// `secret` of at least 16 bytes for P-256 and 24 for P-384.
StatusOr<SigningKey> DeterministicKey(Curve curve, const SecretBytes& secret);

}  // namespace kedge
