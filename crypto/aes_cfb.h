// AES in CFB mode with a zero initialisation vector, as a TPM wraps credentials (TPM 2.0 Library
// part 1, 24.4): the key must be fresh, and integrity comes from an HMAC beside it.
#pragma once

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// `key` of 16 or 32 bytes; the result is as long as the input.
StatusOr<Bytes> AesCfbEncrypt(const SecretBytes& key, const SecretBytes& plaintext);
StatusOr<SecretBytes> AesCfbDecrypt(const SecretBytes& key, ByteView ciphertext);

}  // namespace kedge
