// Message digests and HMAC over OpenSSL EVP. Thread-safe, no state.
#pragma once

#include <initializer_list>

#include "base/bytes.h"
#include "base/secret_bytes.h"

namespace kedge {

using Sha256Digest = ByteArray<32>;
using Sha384Digest = ByteArray<48>;
using Sha512Digest = ByteArray<64>;

// The digest of the parts one after the other (no separators: give lp-encoded input).
Sha256Digest Sha256(std::initializer_list<ByteView> parts);
Sha384Digest Sha384(std::initializer_list<ByteView> parts);
Sha512Digest Sha512(std::initializer_list<ByteView> parts);
inline Sha256Digest Sha256(ByteView data) { return Sha256({data}); }
inline Sha384Digest Sha384(ByteView data) { return Sha384({data}); }
inline Sha512Digest Sha512(ByteView data) { return Sha512({data}); }
// For TPM banks and legacy event logs only.
ByteArray<20> Sha1ForTpmBank(ByteView data);

Sha256Digest HmacSha256(const SecretBytes& key, ByteView data);

// Time depends on the sizes only.
bool ConstantTimeEqual(ByteView a, ByteView b);

}  // namespace kedge
