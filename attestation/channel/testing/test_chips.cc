#include "attestation/channel/testing/test_chips.h"

#include <utility>

#include "base/lp.h"
#include "base/reader.h"

namespace kedge::testing {
namespace {

constexpr size_t kMaxField = 1024;

Bytes CertificateMessage(ByteView chip, std::string_view measurement) {
  return Lp({AsBytes("test chip"), chip, AsBytes(measurement)});
}

Bytes ReportMessage(ByteView measurement, ByteView report_data) {
  return Lp({AsBytes("test report"), measurement, report_data});
}

Status NotGenuine() { return Refused("EVIDENCE_NOT_GENUINE", "the evidence is not genuine"); }

}  // namespace

SigningKey NewKey(Curve curve) { return Must(SigningKey::Generate(curve)); }

Bytes TestChip::Attest(const ReportData& report_data) const {
  const Bytes signature = Must(key_.Sign(ReportMessage(AsBytes(measurement_), report_data)));
  return Lp({certificate_, id(), AsBytes(measurement_), report_data, signature});
}

TestMaker::TestMaker() : key_(NewKey(Curve::kP256)) {}

TestChip TestMaker::MakeChip(const std::string& measurement) const {
  SigningKey chip = NewKey(Curve::kP256);
  Bytes certificate = Must(key_.Sign(CertificateMessage(chip.public_key().spki(), measurement)));
  return TestChip(std::move(chip), measurement, std::move(certificate));
}

StatusOr<TestClaims> TestMaker::Verify(ByteView evidence, const ReportData& expected) const {
  Reader reader(evidence);
  ASSIGN_OR_RETURN(const ByteView certificate, reader.Lp(kMaxField));
  ASSIGN_OR_RETURN(const ByteView chip_spki, reader.Lp(kMaxField));
  ASSIGN_OR_RETURN(const ByteView measurement, reader.Lp(kMaxField));
  ASSIGN_OR_RETURN(const ByteView report_data, reader.Lp(kMaxField));
  ASSIGN_OR_RETURN(const ByteView signature, reader.Lp(kMaxField));
  RETURN_IF_ERROR(reader.ExpectEnd());
  ASSIGN_OR_RETURN(const VerifyKey chip, VerifyKey::FromSpki(chip_spki));
  if (!key_.public_key()
           .Verify(CertificateMessage(chip_spki, AsText(measurement)), certificate)
           .ok() ||
      !chip.Verify(ReportMessage(measurement, report_data), signature).ok()) {
    return NotGenuine();
  }
  if (!Equal(report_data, expected)) {
    return Refused("REPORT_DATA_MISMATCH", "the evidence was made for another exchange");
  }
  return TestClaims{.chip_id = ToBytes(chip_spki), .measurement = std::string(AsText(measurement))};
}

}  // namespace kedge::testing
