#include "attestation/verify/hcl.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "crypto/digest.h"

namespace kedge {
namespace {

constexpr std::string_view kAkId = "HCLAkPub";

class HclVerifier {
 public:
  HclVerifier(const HclEvidence& evidence, const HclQuestion& question)
      : evidence_(evidence), question_(question) {}

  HclVerification Run() && {
    StatusOr<HclReport> report = ParseHclReport(evidence_.report);
    if (!report.ok()) {
      checks_.Malformed("FORMAT", "an HCL report", MessageOf(report.status()));
      return {std::move(checks_).Take(), std::nullopt};
    }
    claims_.report = *report;
    CheckHardware();
    CheckRuntimeData();
    CheckQuote();
    return {std::move(checks_).Take(), std::move(claims_)};
  }

 private:
  bool is_snp() const { return claims_.report.report_type == HclReportType::kSnp; }

  // What the hardware was asked to sign.
  static ReportData ExpectedReportData(ByteView variable_data) {
    ReportData out{};
    const Sha256Digest digest = Sha256(variable_data);
    std::copy(digest.begin(), digest.end(), out.begin());
    return out;
  }

  void CheckBinding(ByteView report_data) {
    const ReportData expected = ExpectedReportData(claims_.report.variable_data);
    bound_ = Equal(ByteView(expected), report_data);
    checks_.DemandEqual("AK_BINDING", ByteView(expected), report_data,
                        "report data are the hash of the runtime data");
  }

  void CheckHardware() { is_snp() ? CheckSnp() : CheckTd(); }

  void CheckSnp() {
    const ByteView bytes = claims_.report.hardware_report;
    const SnpTime time{.at = question_.at, .skipped_by = "the caller gave no time"};
    SnpAppraisal seen =
        VerifySnp({ToBytes(bytes), evidence_.snp_certificates}, question_.snp, time, std::nullopt);
    for (Check& check : seen.verdict.checks) {
      // The quote has a signature too: the rows say whose it is.
      if (check.name == "SIGNATURE") check.name = "SNP_SIGNATURE";
    }
    checks_.Append(std::move(seen.verdict.checks));
    claims_.snp = std::move(seen.claims);
    if (claims_.snp) CheckBinding(claims_.snp->report.report_data);
  }

  void CheckTd() {
    const StatusOr<TdReport> report = ParseTdReport(claims_.report.hardware_report);
    if (!report.ok()) {
      checks_.Malformed("FORMAT", "a TDREPORT", MessageOf(report.status()));
      return;
    }
    CheckBinding(report->report_data);
    if (!evidence_.td_quote) {
      NeedsMore("QUOTE_SIGNATURE", "a TD quote",
                "a TDREPORT, which only its own platform can check");
      return;
    }
    TdxQuestion question{.policy = question_.tdx};
    question.at = question_.at.value_or(absl::InfinitePast());
    question.report_data = ToBytes(ByteView(ExpectedReportData(claims_.report.variable_data)));
    TdxVerification seen = VerifyTdx(*evidence_.td_quote, nullptr, question);
    checks_.Append(std::move(seen.verdict.checks));
    claims_.tdx = std::move(seen.claims);
    if (claims_.tdx) {
      checks_.DemandEqual("TD_REPORT", report->td_info.first(TdInfoOf(*claims_.tdx).size()),
                          TdInfoOf(*claims_.tdx), "TD information of the TDREPORT and the quote");
    }
  }

  // The part of TDINFO_STRUCT that both forms of a quote repeat, in its order.
  static Bytes TdInfoOf(const TdxClaims& claims) {
    const TdReportBody& body = claims.quote.body;
    Bytes out;
    for (uint64_t word : {body.td_attributes, body.xfam}) {
      for (int i = 0; i < 8; ++i) out.push_back(static_cast<uint8_t>(word >> (8 * i)));
    }
    const auto add = [&out](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
    add(body.mr_td);
    add(body.mr_config_id);
    add(body.mr_owner);
    add(body.mr_owner_config);
    for (const ByteArray<48>& rtmr : body.rtmr) add(rtmr);
    return out;
  }

  void NeedsMore(std::string name, std::string expected, std::string actual) {
    if (question_.binding_only_by.empty()) {
      checks_.Fail(std::move(name), std::move(expected), std::move(actual));
    } else {
      checks_.Skip(std::move(name), question_.binding_only_by, std::move(actual));
    }
  }

  void CheckRuntimeData() {
    const ByteView bytes = claims_.report.variable_data;
    if (evidence_.runtime_data) {
      checks_.Demand("AK_BINDING", Equal(bytes, *evidence_.runtime_data),
                     "the runtime data of the report",
                     Equal(bytes, *evidence_.runtime_data) ? "the same" : "others",
                     "runtime data beside the report");
    }
    StatusOr<HclRuntimeData> runtime = ParseHclRuntimeData(bytes);
    if (!runtime.ok()) {
      // Data that nobody hashed need not be data of the paravisor at all.
      if (bound_) {
        checks_.Malformed("FORMAT", "runtime data", MessageOf(runtime.status()));
      } else {
        checks_.Fail("AK_BINDING", "runtime data with " + std::string(kAkId),
                     MessageOf(runtime.status()));
      }
      return;
    }
    claims_.runtime = *std::move(runtime);
    const HclRsaKey* key = claims_.runtime->FindKey(kAkId);
    if (key == nullptr) {
      checks_.Fail("AK_BINDING", "a key " + std::string(kAkId), "no such key in the runtime data");
      return;
    }
    StatusOr<TpmRsaKey> rsa = TpmRsaKey::FromModulus(key->modulus, key->exponent);
    if (!rsa.ok()) {
      checks_.Fail("AK_BINDING", "an RSA key of at least 2048 bits", MessageOf(rsa.status()));
      return;
    }
    ak_ = AttestationKey{*std::move(rsa), std::nullopt};
  }

  // The copy of the key is worth what the report says of it: without a report that can be read, it
  // still tells whether the quote is at least its own.
  void CheckAkCopy() {
    if (!evidence_.ak) return;
    StatusOr<AttestationKey> copy = ParseAttestationKey(*evidence_.ak);
    if (!copy.ok()) {
      checks_.Malformed("FORMAT", "an attestation key", MessageOf(copy.status()));
      return;
    }
    if (ak_) {
      checks_.DemandEqual("AK_BINDING", SpkiOf(ak_->key), SpkiOf(copy->key),
                          "the key beside the report is " + std::string(kAkId));
      ak_->public_area = std::move(copy->public_area);
    } else {
      ak_ = *std::move(copy);
    }
  }

  void CheckQuote() {
    CheckAkCopy();
    if (!evidence_.quote) {
      NeedsMore("TPM_SIGNATURE", "a quote by the key", "none");
      return;
    }
    if (!ak_) {
      checks_.Fail("TPM_SIGNATURE", "a quote by the key", "no key to check it with");
      return;
    }
    const std::optional<AkTrust> trust =
        bound_ ? std::optional<AkTrust>(AkTrust::kTeeReport) : std::nullopt;
    claims_.tpm =
        CheckTpmQuotes({*evidence_.quote}, {*ak_, trust, question_.nonce, question_.tpm}, checks_);
  }

  const HclEvidence& evidence_;
  const HclQuestion& question_;
  CheckList checks_;
  HclClaims claims_;
  bool bound_ = false;
  std::optional<AttestationKey> ak_;
};

}  // namespace

HclVerification VerifyHcl(const HclEvidence& evidence, const HclQuestion& question) {
  return HclVerifier(evidence, question).Run();
}

}  // namespace kedge
