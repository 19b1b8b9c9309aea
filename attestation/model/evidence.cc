#include "attestation/model/evidence.h"

#include <variant>

#include "base/lp.h"
#include "crypto/digest.h"

namespace kedge {
namespace {

void AddVtpm(LpWriter& writer, const VtpmEvidence& vtpm) {
  uint32_t selection = 0;
  Bytes values;
  for (const auto& [index, value] : vtpm.pcrs) {
    selection |= uint32_t{1} << (index & 31);
    values.insert(values.end(), value.begin(), value.end());
  }
  writer.Add(vtpm.quoted)
      .Add(vtpm.signature)
      .Add(vtpm.ak_public)
      .AddU32(static_cast<uint32_t>(vtpm.bank))
      .AddU32(selection)
      .Add(values)
      .Add(vtpm.firmware_log)
      .Add(vtpm.kedge_log);
}

Bytes Encode(const VtpmEvidence& vtpm) {
  LpWriter writer;
  writer.Add(kEvidenceLabel).Add(kVtpmEvidenceType);
  AddVtpm(writer, vtpm);
  return std::move(writer).Take();
}

Bytes Encode(const CompositeEvidence& composite) {
  LpWriter writer;
  writer.Add(kEvidenceLabel)
      .Add(composite.tee.tee == Tee::kTdx ? kTdxVtpmEvidenceType : kSnpVtpmEvidenceType)
      .Add(composite.tee.report)
      .Add(composite.tee.certificates);
  AddVtpm(writer, composite.vtpm);
  return std::move(writer).Take();
}

}  // namespace

size_t DigestSize(PcrBank bank) {
  switch (bank) {
    case PcrBank::kSha1:
      return 20;
    case PcrBank::kSha256:
      return 32;
    case PcrBank::kSha384:
      return 48;
    case PcrBank::kSha512:
      return 64;
  }
  return 0;
}

std::string_view ToString(PcrBank bank) {
  switch (bank) {
    case PcrBank::kSha1:
      return "sha1";
    case PcrBank::kSha256:
      return "sha256";
    case PcrBank::kSha384:
      return "sha384";
    case PcrBank::kSha512:
      return "sha512";
  }
  return "unknown";
}

std::string_view ToString(Tee tee) {
  switch (tee) {
    case Tee::kNone:
      return "none";
    case Tee::kSnp:
      return "snp";
    case Tee::kTdx:
      return "tdx";
  }
  return "unknown";
}

ReportData CompositeReportData(const ReportData& report_data, ByteView ak_name) {
  return Sha512(Lp({AsBytes("kedge/1 composite"), report_data, ak_name}));
}

std::string_view ToString(EvidenceLevel level) {
  switch (level) {
    case EvidenceLevel::kHostVtpm:
      return "host-vtpm";
    case EvidenceLevel::kTeeVtpm:
      return "tee-vtpm";
    case EvidenceLevel::kTeeMeasured:
      return "tee-measured";
  }
  return "unknown";
}

Bytes EncodeEvidence(const Evidence& evidence) {
  return std::visit([](const auto& layout) { return Encode(layout); }, evidence);
}

}  // namespace kedge
