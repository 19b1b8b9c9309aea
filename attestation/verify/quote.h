// Verifies one TPM quote over PCR values (TPM 2.0 Library part 3, 18.4). Pure.
#pragma once

#include <variant>
#include <vector>

#include "attestation/model/evidence.h"
#include "attestation/parse/tpm_structs.h"
#include "base/status.h"
#include "crypto/ecdsa.h"
#include "crypto/tpm_rsa.h"

namespace kedge {

using TpmVerifyKey = std::variant<VerifyKey, TpmRsaKey>;

// The key inside a public area: RSA of at least 2048 bits, ECC P-256 or P-384; MALFORMED.
StatusOr<TpmVerifyKey> KeyOf(const TpmPublic& public_area);
const Bytes& SpkiOf(const TpmVerifyKey& key);

// OK for a key that only ever signs what the TPM itself made, and never leaves it: restricted,
// signing, not decrypting, fixedTPM, fixedParent, sensitiveDataOrigin, with a scheme of its own.
// Fault AK_PROPERTIES.
Status CheckAkProperties(const TpmPublic& public_area);

struct QuoteExpectation {
  PcrBank bank = PcrBank::kSha256;
  std::vector<PcrIndex> selection;  // ascending
  Bytes extra_data;
};

// The attestation structure if everything holds; otherwise MALFORMED, or PERMISSION_DENIED with
// fault SIG_ALGO (SHA-1 or an unknown hash), TPM_MAGIC, TPM_TYPE, BAD_SIGNATURE, NONCE,
// PCR_SELECTION (the quote does not cover exactly the bank and set asked for) or PCR_DIGEST (`pcrs`
// are not exactly the values that it covers).
StatusOr<TpmAttest> VerifyQuote(ByteView quoted, ByteView signature, const TpmVerifyKey& key,
                                const PcrValues& pcrs, const QuoteExpectation& expected);

}  // namespace kedge
