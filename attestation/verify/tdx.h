// Verifies a TDX quote: one call, one fail-closed verdict with a row for every check (Intel SGX
// ECDSA QuoteGenReference API, "quote verification"; what Intel's own library leaves to the relying
// party is checked here too). Pure; the time is an argument.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <optional>

#include "attestation/parse/tdx_quote.h"
#include "attestation/verify/check_list.h"
#include "attestation/verify/pck_chain_cache.h"
#include "attestation/verify/tdx_collateral.h"
#include "attestation/verify/tdx_policy.h"
#include "attestation/verify/tdx_tcb.h"

namespace kedge {

// What the caller has seen before: none of it may go back.
struct TdxFloors {
  std::optional<Bytes> pck_crl_number = {};
  std::optional<Bytes> root_crl_number = {};
  std::optional<absl::Time> pck_crl_update = {};  // Intel's lists all bear the number 1
  std::optional<absl::Time> root_crl_update = {};
  uint32_t tcb_evaluation_number = 0;
};

struct TdxQuestion {
  const TdxPolicy& policy;
  const SpkiPins& roots = IntelSgxRootPins();
  absl::Time at = {};
  // What the quote must be about: 64 bytes. nullopt: the caller compares it itself, and the verdict
  // says so.
  std::optional<Bytes> report_data = {};
  TdxFloors floors = {};
  PckChainCache* cache = nullptr;  // saves reading the chain of a platform that is known
};

// What the quote says, for the owner's eyes and for further policy. Believe it only beside a
// verdict that is trusted.
struct TdxClaims {
  TdxQuote quote;
  std::shared_ptr<const PckChain> pck;              // null where the chain cannot be read
  std::shared_ptr<const TdxCollateral> collateral;  // null where there was none
  std::optional<TdxTcbFindings> tcb;                // without TCB info: absent
};

struct TdxVerification {
  Verdict verdict;
  std::optional<TdxClaims> claims;  // absent where the quote cannot be read
};

// Checks that can still run are run. Malformed: FORMAT* for the quote and its certificates,
// COLLATERAL_FORMAT for Intel's documents. `collateral` may be null: that fails unless the policy
// skips collateral in writing.
TdxVerification VerifyTdx(ByteView quote, std::shared_ptr<const TdxCollateral> collateral,
                          const TdxQuestion& question);

}  // namespace kedge
