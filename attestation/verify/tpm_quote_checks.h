// TPM quotes as rows of a verdict: one quote, or one a bank. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attestation/verify/check_list.h"
#include "attestation/verify/quote.h"
#include "attestation/verify/tpm_policy.h"

namespace kedge {

struct TpmQuoteFiles {
  std::string label;  // what tells one quote from another ("sha256"); may be empty
  Bytes quoted;       // TPMS_ATTEST as signed
  Bytes signature;    // TPMT_SIGNATURE
  PcrBankValues pcrs;
};

struct TpmQuoteQuestion {
  const AttestationKey& ak;
  // Who vouches for the attestation key, and in which words; the row AK_BINDING. nullopt: the
  // caller has rows about that of its own.
  std::optional<AkTrust> ak_trust;
  std::optional<Bytes> nonce;
  const TpmPolicy& policy;
};

struct TpmQuoteClaims {
  std::string label;
  TpmAttest attest;
  uint16_t signature_scheme = 0;
  uint16_t signature_hash = 0;
};
struct TpmClaims {
  std::vector<TpmQuoteClaims> quotes;
  PcrBankValues pcrs;  // of all quotes
};

// Rows FORMAT, SIG_ALGO, TPM_MAGIC, TPM_TYPE, TPM_SIGNATURE, NONCE, PCR_SELECTION, PCR_DIGEST and
// CLOCK_SAFE for each quote; AK_BINDING, AK_PROPERTIES, SHA1_BANK, DEBUG_ZERO_PCRS (a warning,
// where registers hold only zeros or ones) and the policy's PCR_RULE for all of them.
TpmClaims CheckTpmQuotes(const std::vector<TpmQuoteFiles>& quotes, const TpmQuoteQuestion& question,
                         CheckList& checks);

}  // namespace kedge
