// Verifies one TPM quote over PCR values (TPM 2.0 Library part 3, 18.4). Pure.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "attestation/model/evidence.h"
#include "attestation/parse/pcr_values.h"
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

// An attestation key as a file or an evidence layout states it.
struct AttestationKey {
  TpmVerifyKey key;
  std::optional<TpmPublic> public_area;  // where it was given: PEM has none
};
// TPMT_PUBLIC, TPM2B_PUBLIC (tpm2-tools' ak.pub), or a SubjectPublicKeyInfo in DER or PEM.
// MALFORMED.
StatusOr<AttestationKey> ParseAttestationKey(ByteView bytes);

struct QuoteExpectation {
  PcrBank bank = PcrBank::kSha256;
  std::vector<PcrIndex> selection;  // ascending
  Bytes extra_data;
};

// The answer to each question about one quote, so that a report can show them all. Questions that
// cannot be asked because an earlier one failed are OK here; `format` decides first.
struct QuoteJudgement {
  Status format;                  // MALFORMED: structure or signature do not parse
  Status algorithm;               // SIG_ALGO: SHA-1 or an unknown hash
  Status magic;                   // TPM_MAGIC
  Status type;                    // TPM_TYPE
  Status signature;               // BAD_SIGNATURE
  Status nonce;                   // NONCE
  Status selection;               // PCR_SELECTION: not exactly the banks and sets asked for
  Status digest;                  // PCR_DIGEST: the values sent are not those that the quote covers
  TpmAttest attest;               // as sent; trustworthy only where everything above is OK
  uint16_t signature_scheme = 0;  // TPM_ALG_ID, as sent
  uint16_t signature_hash = 0;
};
struct QuoteQuestion {
  PcrBankValues selection;          // exactly these banks and indices; the values are not looked at
  std::optional<Bytes> extra_data;  // nullopt: not asked
};
QuoteJudgement JudgeQuote(ByteView quoted, ByteView signature, const TpmVerifyKey& key,
                          const PcrBankValues& pcrs, const QuoteQuestion& question);

// The attestation structure if everything holds; otherwise the first fault of QuoteJudgement in its
// order: MALFORMED, or PERMISSION_DENIED with one of the codes named there.
StatusOr<TpmAttest> VerifyQuote(ByteView quoted, ByteView signature, const TpmVerifyKey& key,
                                const PcrValues& pcrs, const QuoteExpectation& expected);

}  // namespace kedge
