// The two key derivations of a TPM 2.0 (TPM 2.0 Library part 1, 11.4.10.2 and 11.4.10.3).
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/tpm_hash.h"

namespace kedge {

// KDFa: SP 800-108 counter mode with HMAC; label without its terminating zero; `size` bytes out,
// 1 ≤ size ≤ 64.
StatusOr<SecretBytes> TpmKdfA(TpmHash hash, const SecretBytes& key, std::string_view label,
                              ByteView context_u, ByteView context_v, size_t size);

// KDFe: SP 800-56A one-step over the x coordinate of an ECDH point; `size` bytes out.
StatusOr<SecretBytes> TpmKdfE(TpmHash hash, const SecretBytes& z, std::string_view label,
                              ByteView party_u_x, ByteView party_v_x, size_t size);

}  // namespace kedge
