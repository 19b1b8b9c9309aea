// AES-256-GCM for keys that seal exactly one message each (iv = 0^96; design: Protocol).
#pragma once

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// ciphertext || 16-byte tag. The key is consumed: one key seals one message, ever.
StatusOr<Bytes> SealOnce(SecretBytes key, ByteView aad, const SecretBytes& plaintext);
StatusOr<Bytes> SealOnce(SecretBytes key, ByteView aad, ByteView plaintext);
// PERMISSION_DENIED with fault BOX_NOT_AUTHENTIC where tag, key or aad do not fit.
StatusOr<SecretBytes> OpenSealed(const SecretBytes& key, ByteView aad, ByteView sealed);

}  // namespace kedge
