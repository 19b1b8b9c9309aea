#include "attestation/parse/evidence.h"

#include <absl/strings/str_cat.h>

#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxTpmStructure = 2048;  // the largest TPM2B of a TPM with RSA-4096 is smaller
constexpr size_t kMaxPcrValues = 24 * 64;

StatusOr<uint32_t> ReadLpU32(Reader& reader) {
  ASSIGN_OR_RETURN(const ByteView field, reader.Lp(4));
  Reader value(field);
  ASSIGN_OR_RETURN(const uint32_t out, value.U32Be());
  RETURN_IF_ERROR(value.ExpectEnd());
  return out;
}

StatusOr<Bytes> ReadLpBytes(Reader& reader, size_t max) {
  ASSIGN_OR_RETURN(const ByteView field, reader.Lp(max));
  return ToBytes(field);
}

StatusOr<PcrBank> BankOf(uint32_t alg) {
  const auto bank = static_cast<PcrBank>(alg & 0xFFFF);
  if (alg > 0xFFFF || DigestSize(bank) == 0) {
    return Malformed(absl::StrCat("PCR bank ", alg, " is not SHA-1, SHA-256, SHA-384 or SHA-512"));
  }
  return bank;
}

StatusOr<PcrValues> ReadPcrs(Reader& reader, PcrBank bank) {
  ASSIGN_OR_RETURN(const uint32_t selection, ReadLpU32(reader));
  ASSIGN_OR_RETURN(const ByteView field, reader.Lp(kMaxPcrValues));
  if (selection >> 24 != 0) return Malformed("a PCR beyond 23 is selected");
  Reader values(field);
  PcrValues out;
  for (PcrIndex index = 0; index < 24; ++index) {
    if (((selection >> index) & 1) == 0) continue;
    ASSIGN_OR_RETURN(const ByteView value, values.Take(DigestSize(bank)));
    out[index] = ToBytes(value);
  }
  RETURN_IF_ERROR(values.ExpectEnd());
  return out;
}

StatusOr<VtpmEvidence> ReadVtpm(Reader& reader) {
  VtpmEvidence out;
  ASSIGN_OR_RETURN(out.quoted, ReadLpBytes(reader, kMaxTpmStructure));
  ASSIGN_OR_RETURN(out.signature, ReadLpBytes(reader, kMaxTpmStructure));
  ASSIGN_OR_RETURN(out.ak_public, ReadLpBytes(reader, kMaxTpmStructure));
  ASSIGN_OR_RETURN(const uint32_t alg, ReadLpU32(reader));
  ASSIGN_OR_RETURN(out.bank, BankOf(alg));
  ASSIGN_OR_RETURN(out.pcrs, ReadPcrs(reader, out.bank));
  ASSIGN_OR_RETURN(out.firmware_log, ReadLpBytes(reader, kMaxFirmwareLogSize));
  ASSIGN_OR_RETURN(out.kedge_log, ReadLpBytes(reader, kMaxEventLogSize));
  return out;
}

}  // namespace

StatusOr<Evidence> ParseEvidence(ByteView bytes) {
  if (bytes.size() > kMaxEvidenceSize) {
    return Malformed(absl::StrCat("evidence of ", bytes.size(), " bytes, at most ",
                                  kMaxEvidenceSize, " allowed"));
  }
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const ByteView label, reader.Lp(kEvidenceLabel.size()));
  if (AsText(label) != kEvidenceLabel) return Malformed("these bytes are not labelled as evidence");
  ASSIGN_OR_RETURN(const ByteView type, reader.Lp(16));
  if (AsText(type) == kVtpmEvidenceType) {
    ASSIGN_OR_RETURN(VtpmEvidence vtpm, ReadVtpm(reader));
    RETURN_IF_ERROR(reader.ExpectEnd());
    return Evidence(std::move(vtpm));
  }
  CompositeEvidence composite;
  if (AsText(type) == kSnpVtpmEvidenceType) {
    composite.tee.tee = Tee::kSnp;
  } else if (AsText(type) == kTdxVtpmEvidenceType) {
    composite.tee.tee = Tee::kTdx;
  } else {
    return Malformed("evidence of an unknown type");
  }
  ASSIGN_OR_RETURN(composite.tee.report, ReadLpBytes(reader, kMaxTeeReport));
  ASSIGN_OR_RETURN(composite.tee.certificates, ReadLpBytes(reader, kMaxTeeCertificates));
  ASSIGN_OR_RETURN(composite.vtpm, ReadVtpm(reader));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return Evidence(std::move(composite));
}

}  // namespace kedge
