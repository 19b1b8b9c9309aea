// An owner's proof in an exchange: lp(SHA-256(owner SPKI)) lp(signature).
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"
#include "keyservice/core/manifest.h"

namespace kedge {

struct OwnerProof {
  Sha256Digest key_digest{};
  Bytes signature;
};

// MALFORMED unless the bytes are exactly one proof.
StatusOr<OwnerProof> ParseOwnerProof(ByteView bytes);

// The owner key of `manifest` that made `proof` over `message`. Fault NOT_OWNER: no such key, or
// the signature does not fit.
StatusOr<OwnerKey> VerifyOwnerProof(const OwnerProof& proof, ByteView message,
                                    const Manifest& manifest);
// The same for one known key.
Status VerifyOwnerProof(const OwnerProof& proof, ByteView message, const VerifyKey& owner);

}  // namespace kedge
