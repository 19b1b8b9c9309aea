// Verifies what an Azure confidential VM shows: the paravisor's report, in which the hardware
// vouches for the vTPM's attestation key, and a quote by that key. Pure; time is an argument.
//
// The chain of trust: hardware report -> SHA-256 of the runtime data -> the key HCLAkPub -> quote.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "attestation/parse/hcl.h"
#include "attestation/verify/check_list.h"
#include "attestation/verify/snp.h"
#include "attestation/verify/tdx.h"
#include "attestation/verify/tpm_quote_checks.h"

namespace kedge {

struct HclEvidence {
  Bytes report;                       // as in NV index 0x01400001
  std::optional<Bytes> runtime_data;  // a copy that came beside it; must be the report's own
  std::optional<Bytes> ak;            // a copy of the key (PEM, DER, TPMT_PUBLIC); must be HCLAkPub
  std::optional<TpmQuoteFiles> quote;
  SnpCertificates snp_certificates;  // for an SNP report
  std::optional<Bytes> td_quote;     // for a TD report, which has no signature of its own
};

struct HclQuestion {
  std::optional<absl::Time> at;
  std::optional<Bytes> nonce;
  const TpmPolicy& tpm;
  const SnpPolicy& snp;
  const TdxPolicy& tdx;
  // Who allowed to look at the binding alone where nothing signs the hardware report or there is no
  // quote; empty: that fails.
  std::string binding_only_by;
};

struct HclClaims {
  HclReport report;                       // views into the evidence
  std::optional<HclRuntimeData> runtime;  // nullopt where it is not what it should be
  std::optional<SnpClaims> snp;
  std::optional<TdxClaims> tdx;
  TpmClaims tpm;
};

struct HclVerification {
  Verdict verdict;
  std::optional<HclClaims> claims;  // nullopt where the report does not parse
};

// Rows of the hardware's own verifier, in which an SNP report's signature is SNP_SIGNATURE; rows of
// CheckTpmQuotes; and
//   FORMAT      the report, and the runtime data where they are the ones that were hashed
//   AK_BINDING  report_data is SHA-256 of the runtime data and zeros; HCLAkPub is in them; copies
//   of
//               key and runtime data that came beside the report are the same
//   TD_REPORT   the TD quote is about the TDREPORT inside: report data and TD information
HclVerification VerifyHcl(const HclEvidence& evidence, const HclQuestion& question);

}  // namespace kedge
