#include "attestation/verify/snp.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "attestation/verify/snp_rules.h"
#include "crypto/digest.h"

namespace kedge {
namespace {

std::string NameOf(const std::optional<SnpProduct>& product) {
  return product ? std::string(ToString(*product)) : "unknown";
}

std::string TextOf(const std::optional<SnpTcb>& tcb) {
  return tcb ? ToString(*tcb) : "unknown layout: the product is unknown";
}

void CheckSignature(ByteView bytes, const SnpReport& report, const SnpEndorsement& endorsement,
                    CheckList& rows) {
  if (!endorsement.key()) return;  // a row of the endorsement says why
  const Sha384Digest digest = Sha384(bytes.first(kSnpSignedSize));
  const Status status =
      endorsement.key()->VerifyDigest(digest, report.signature_r, report.signature_s);
  rows.Demand("SIGNATURE", status.ok(), "ECDSA P-384 by the leaf's key over bytes 0x000-0x29F",
              status.ok() ? "fits" : "does not fit");
}

void CheckSigningKey(const SnpReport& report, const SnpEndorsement& endorsement, CheckList& rows) {
  if (!endorsement.kind()) return;
  rows.Demand("LEAF_KIND", report.signing_key == endorsement.kind(),
              std::string(ToString(*endorsement.kind())), std::string(ToString(report.signing_key)),
              "SIGNING_KEY against the certificate");
}

// A certificate of 8 bytes is Turin's: the rest of CHIP_ID must then be zero.
void CheckChip(const SnpReport& report, const SnpEndorsement& endorsement, CheckList& rows) {
  if (!endorsement.extensions()) return;
  if (endorsement.kind() == SnpSigningKey::kVlek) {
    rows.Skip("HWID", "AMD 57230: a VLEK belongs to a provider, not to a chip",
              "chip " + ToHex(report.chip_id));
    return;
  }
  if (!endorsement.extensions()->hwid) {
    rows.Fail("HWID", "a certificate that names its chip", "no hwid extension");
    return;
  }
  Bytes expected = *endorsement.extensions()->hwid;
  expected.resize(report.chip_id.size(), 0);
  rows.DemandEqual("HWID", expected, report.chip_id, "CHIP_ID against the certificate");
}

void CheckProduct(const SnpReport& report, const SnpEndorsement& endorsement, CheckList& rows) {
  if (report.has_cpuid()) {
    rows.Demand("PRODUCT", report.product().has_value(), "Milan, Genoa or Turin",
                absl::StrCat(NameOf(report.product()), " (CPUID family ",
                             static_cast<int>(report.cpuid_family), ", model ",
                             static_cast<int>(report.cpuid_model), ")"),
                "processor of the report");
  }
  if (!endorsement.extensions()) return;
  const std::optional<SnpProduct> certified = endorsement.extensions()->product;
  rows.Demand("PRODUCT", certified.has_value(), "Milan, Genoa or Turin",
              endorsement.extensions()->product_name, "productName of the certificate");
  if (report.has_cpuid()) {
    rows.Demand("PRODUCT", certified.has_value() && certified == report.product(),
                NameOf(certified), NameOf(report.product()), "CPUID against the certificate");
  }
}

void CheckTcb(const SnpClaims& claims, const SnpEndorsement& endorsement, CheckList& rows) {
  if (endorsement.extensions()) {
    rows.Demand("TCB", claims.reported_tcb == endorsement.extensions()->tcb,
                ToString(endorsement.extensions()->tcb), TextOf(claims.reported_tcb),
                "reported TCB against the certificate");
  }
}

}  // namespace

SnpClaims ClaimsOfSnpReport(const SnpReport& report, const std::optional<VcekExtensions>& leaf) {
  SnpClaims out;
  out.report = report;
  out.leaf = leaf;
  out.product = report.has_cpuid() ? report.product()
                : leaf             ? leaf->product
                                   : std::optional<SnpProduct>();
  if (out.product) {
    out.current_tcb = DecodeSnpTcb(report.current_tcb, *out.product);
    out.reported_tcb = DecodeSnpTcb(report.reported_tcb, *out.product);
    out.committed_tcb = DecodeSnpTcb(report.committed_tcb, *out.product);
    out.launch_tcb = DecodeSnpTcb(report.launch_tcb, *out.product);
  }
  return out;
}

SnpAppraisal AppraiseSnp(ByteView bytes, const SnpEndorsement& endorsement, const SnpPolicy& policy,
                         const std::optional<ReportData>& report_data) {
  CheckList rows;
  SnpAppraisal out;
  const StatusOr<SnpReport> report = ParseSnpReport(bytes);
  if (!report.ok()) {
    rows.Malformed(FaultCode(report.status()), "an SNP attestation report",
                   MessageOf(report.status()));
    rows.Append(endorsement.checks());
    out.verdict = std::move(rows).Take();
    return out;
  }
  rows.Pass("FORMAT", "version 2, 3 or 5, 1184 bytes, nothing hidden after the signature",
            absl::StrCat("version ", report->version));
  rows.Append(endorsement.checks());
  out.claims = ClaimsOfSnpReport(*report, endorsement.extensions());
  CheckSignature(bytes, *report, endorsement, rows);
  CheckSigningKey(*report, endorsement, rows);
  CheckChip(*report, endorsement, rows);
  CheckProduct(*report, endorsement, rows);
  CheckTcb(*out.claims, endorsement, rows);
  if (report->reserved_nonzero) {
    rows.Warn("FORMAT", "zero", "set", "signed bytes without a meaning: newer firmware");
  }
  CheckSnpFloors(*out.claims, policy, rows);
  CheckSnpBits(*report, policy, rows);
  CheckSnpValues(*out.claims, policy, report_data, rows);
  // Nothing above passes without a key, but the verdict must not rest on that.
  if (!endorsement.key()) {
    rows.Fail("SIGNATURE", "ECDSA P-384 by the leaf's key", "no usable key to check it with");
  }
  out.verdict = std::move(rows).Take();
  return out;
}

SnpAppraisal VerifySnp(const SnpEvidence& evidence, const SnpPolicy& policy, const SnpTime& time,
                       const std::optional<ReportData>& report_data) {
  const SnpEndorsement endorsement = SnpEndorsement::Examine(evidence.certificates, policy, time);
  return AppraiseSnp(evidence.report, endorsement, policy, report_data);
}

}  // namespace kedge
