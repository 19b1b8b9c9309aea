#include <algorithm>

#include "attestation/verify/tdx_checks.h"
#include "crypto/digest.h"
#include "crypto/p256_verifier.h"

namespace kedge {
namespace {

// SHA-256(attestation key || QE authentication data), then zero bytes.
ByteArray<64> ExpectedQeReportData(const TdxQuote& quote) {
  const Sha256Digest digest = Sha256({quote.attestation_key, quote.qe_auth_data});
  ByteArray<64> out{};
  std::copy(digest.begin(), digest.end(), out.begin());
  return out;
}

}  // namespace

void CheckQuoteSignatures(const TdxQuote& quote, const PckChain* pck, CheckList& checks) {
  const StatusOr<P256Verifier> ak = P256Verifier::FromPoint(quote.attestation_key);
  checks.DemandOk("AK", ak.status(), "a point on P-256");
  checks.DemandOk("QUOTE_SIGNATURE",
                  ak.ok() ? ak->VerifyDigest(Sha256(quote.signed_bytes), quote.signature)
                          : FailedPrecondition("no usable attestation key"),
                  "signed by the attestation key");
  checks.DemandEqual("QE_REPORT_DATA", ExpectedQeReportData(quote), quote.qe_report.report_data,
                     "the quoting enclave's report covers the attestation key");
  if (pck == nullptr) return;
  checks.DemandOk("QE_REPORT_SIGNATURE",
                  pck->key.VerifyDigest(Sha256(quote.qe_report.raw), quote.qe_report_signature),
                  "the quoting enclave's report signed by the PCK");
}

}  // namespace kedge
