// The groups of checks that VerifyTdx is made of, each on its own. For .cc files of this room only.
#pragma once

#include "attestation/verify/tdx.h"

namespace kedge {

// AK, QUOTE_SIGNATURE, QE_REPORT_DATA and, where the chain could be read, QE_REPORT_SIGNATURE.
void CheckQuoteSignatures(const TdxQuote& quote, const PckChain* pck, CheckList& checks);

// Chains, CRLs, TCB info, QE identity: that they are Intel's, about this platform, and in force.
void CheckCollateral(const TdxQuote& quote, const PckChain& pck, const TdxCollateral& collateral,
                     const TdxQuestion& question, CheckList& checks);

// TDX_MODULE: the identity of the module that the quote names.
void CheckTdxModule(const TdReportBody& td, const TcbInfo& info, CheckList& checks);
// TCB_*: the levels of platform, module and quoting enclave against the policy.
void CheckTcbStatus(const TdxTcbFindings& findings, const TdxPolicy& policy, CheckList& checks);

// The TD itself: attributes, XFAM, measurements, report data.
void CheckTdBody(const TdReportBody& td, const TdxQuestion& question, CheckList& checks);
// Which machine it is and how it is set up.
void CheckPlatform(const PckExtensions& platform, const TdxPolicy& policy, CheckList& checks);

}  // namespace kedge
