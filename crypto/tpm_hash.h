// The hash algorithms that a TPM 2.0 names by number (TPM 2.0 Library part 2, table 9). SHA-1 is
// left out: nothing here may be signed or derived with it.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

struct evp_md_st;

namespace kedge {

enum class TpmHash : uint16_t { kSha256 = 0x000B, kSha384 = 0x000C, kSha512 = 0x000D };

// MALFORMED for a number that is not one of the three.
StatusOr<TpmHash> TpmHashFromAlg(uint16_t tpm_alg_id);
size_t TpmDigestSize(TpmHash hash);  // bytes
Bytes TpmDigest(TpmHash hash, ByteView data);
// HMAC (RFC 2104) over the parts one after the other.
Bytes TpmHmac(TpmHash hash, const SecretBytes& key, std::initializer_list<ByteView> parts);

// For crypto/*.cc only.
const evp_md_st* NativeHash(TpmHash hash);
const char* NativeHashName(TpmHash hash);

}  // namespace kedge
