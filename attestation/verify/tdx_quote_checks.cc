#include <algorithm>

#include "attestation/verify/tdx_checks.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"

namespace kedge {
namespace {

Status VerifyRs(const VerifyKey& key, ByteView message, const ByteArray<64>& signature) {
  const ByteView rs(signature);
  return key.VerifyDigestRs(Sha256(message), rs.first(32), rs.last(32));
}

// SHA-256(attestation key || QE authentication data), then zero bytes.
ByteArray<64> ExpectedQeReportData(const TdxQuote& quote) {
  const Sha256Digest digest = Sha256({quote.attestation_key, quote.qe_auth_data});
  ByteArray<64> out{};
  std::copy(digest.begin(), digest.end(), out.begin());
  return out;
}

}  // namespace

void CheckQuoteSignatures(const TdxQuote& quote, const PckChain* pck, CheckList& checks) {
  const ByteView xy(quote.attestation_key);
  const StatusOr<VerifyKey> ak = VerifyKey::FromPoint(Curve::kP256, xy.first(32), xy.last(32));
  checks.DemandOk("AK", ak.status(), "a point on P-256");
  checks.DemandOk("QUOTE_SIGNATURE",
                  ak.ok() ? VerifyRs(*ak, quote.signed_bytes, quote.signature)
                          : FailedPrecondition("no usable attestation key"),
                  "signed by the attestation key");
  checks.DemandEqual("QE_REPORT_DATA", ExpectedQeReportData(quote), quote.qe_report.report_data,
                     "the quoting enclave's report covers the attestation key");
  if (pck == nullptr) return;
  checks.DemandOk("QE_REPORT_SIGNATURE",
                  VerifyRs(pck->key, quote.qe_report.raw, quote.qe_report_signature),
                  "the quoting enclave's report signed by the PCK");
}

}  // namespace kedge
