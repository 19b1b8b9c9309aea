#include "attestation/parse/evidence.h"

#include <gtest/gtest.h>

#include "base/lp.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

VtpmEvidence Good() {
  VtpmEvidence vtpm;
  vtpm.quoted = Bytes(177, 1);
  vtpm.signature = Bytes(72, 2);
  vtpm.ak_public = Bytes(88, 3);
  for (PcrIndex pcr = 0; pcr < 16; ++pcr) vtpm.pcrs[pcr] = Bytes(32, static_cast<uint8_t>(pcr));
  vtpm.firmware_log = Bytes(1000, 4);
  vtpm.kedge_log = Bytes(500, 5);
  return vtpm;
}

TEST(ParseEvidence, EncodedEvidenceComesBack) {
  const Bytes encoded = EncodeEvidence(Good());
  ASSERT_OK_AND_ASSIGN(const Evidence parsed, ParseEvidence(encoded));
  const auto& vtpm = std::get<VtpmEvidence>(parsed);
  EXPECT_EQ(vtpm.quoted, Good().quoted);
  EXPECT_EQ(vtpm.signature, Good().signature);
  EXPECT_EQ(vtpm.ak_public, Good().ak_public);
  EXPECT_EQ(vtpm.pcrs, Good().pcrs);
  EXPECT_EQ(vtpm.firmware_log, Good().firmware_log);
  EXPECT_EQ(vtpm.kedge_log, Good().kedge_log);
  EXPECT_EQ(EncodeEvidence(parsed), encoded);
}

CompositeEvidence GoodComposite(Tee tee) {
  return {.tee = {.tee = tee, .report = Bytes(1184, 6), .certificates = Bytes(300, 7)},
          .vtpm = Good()};
}

TEST(ParseEvidence, EncodedCompositeComesBack) {
  for (const Tee tee : {Tee::kSnp, Tee::kTdx}) {
    const CompositeEvidence good = GoodComposite(tee);
    const Bytes encoded = EncodeEvidence(good);
    ASSERT_OK_AND_ASSIGN(const Evidence parsed, ParseEvidence(encoded));
    const auto& composite = std::get<CompositeEvidence>(parsed);
    EXPECT_EQ(composite.tee.tee, tee);
    EXPECT_EQ(composite.tee.report, good.tee.report);
    EXPECT_EQ(composite.tee.certificates, good.tee.certificates);
    EXPECT_EQ(composite.vtpm.quoted, good.vtpm.quoted);
    EXPECT_EQ(EncodeEvidence(parsed), encoded);
  }
}

TEST(ParseEvidence, PartsOfACompositeAreBounded) {
  CompositeEvidence bad = GoodComposite(Tee::kSnp);
  bad.tee.report = Bytes(kMaxTeeReport + 1, 0);
  EXPECT_THAT(ParseEvidence(EncodeEvidence(bad)), HasFault("MALFORMED"));
  bad = GoodComposite(Tee::kTdx);
  bad.tee.certificates = Bytes(kMaxTeeCertificates + 1, 0);
  EXPECT_THAT(ParseEvidence(EncodeEvidence(bad)), HasFault("MALFORMED"));
  CompositeEvidence largest = GoodComposite(Tee::kTdx);
  largest.tee.report = Bytes(kMaxTeeReport, 0);
  largest.tee.certificates = Bytes(kMaxTeeCertificates, 0);
  largest.vtpm.quoted = largest.vtpm.signature = largest.vtpm.ak_public = Bytes(2048, 0);
  largest.vtpm.firmware_log = Bytes(kMaxFirmwareLogSize, 0);
  largest.vtpm.kedge_log = Bytes(kMaxEventLogSize, 0);
  EXPECT_OK(ParseEvidence(EncodeEvidence(largest)));
}

TEST(ParseEvidence, CutOffAndLongerBytesAreMalformed) {
  for (Bytes encoded : {EncodeEvidence(Good()), EncodeEvidence(GoodComposite(Tee::kSnp))}) {
    for (size_t size = 0; size < encoded.size(); ++size) {
      ASSERT_THAT(ParseEvidence(ByteView(encoded).first(size)), HasFault("MALFORMED")) << size;
    }
    encoded.push_back(0);
    EXPECT_THAT(ParseEvidence(encoded), HasFault("MALFORMED"));
  }
}

TEST(ParseEvidence, OtherLabelTypeOrBankIsMalformed) {
  const Bytes good = EncodeEvidence(Good());
  for (size_t at : {size_t{4}, size_t{24}}) {  // in "kedge/1 evidence" and in "vtpm"
    Bytes bad = good;
    bad[at] ^= 1;
    EXPECT_THAT(ParseEvidence(bad), HasFault("MALFORMED")) << at;
  }
  VtpmEvidence bank = Good();
  bank.bank = static_cast<PcrBank>(0x0012);
  EXPECT_THAT(ParseEvidence(EncodeEvidence(bank)), HasFault("MALFORMED"));
}

TEST(ParseEvidence, ValuesMustFitTheSelection) {
  VtpmEvidence short_value = Good();
  short_value.pcrs[3].pop_back();
  EXPECT_THAT(ParseEvidence(EncodeEvidence(short_value)), HasFault("MALFORMED"));
  VtpmEvidence long_value = Good();
  long_value.pcrs[3].push_back(0);
  EXPECT_THAT(ParseEvidence(EncodeEvidence(long_value)), HasFault("MALFORMED"));
  VtpmEvidence beyond = Good();
  beyond.pcrs[24] = Bytes(32, 0);
  EXPECT_THAT(ParseEvidence(EncodeEvidence(beyond)), HasFault("MALFORMED"));
}

TEST(ParseEvidence, FieldsAreBounded) {
  VtpmEvidence bad = Good();
  bad.quoted = Bytes(2049, 0);
  EXPECT_THAT(ParseEvidence(EncodeEvidence(bad)), HasFault("MALFORMED"));
  bad = Good();
  bad.firmware_log = Bytes(kMaxFirmwareLogSize + 1, 0);
  EXPECT_THAT(ParseEvidence(EncodeEvidence(bad)), HasFault("MALFORMED"));
  bad = Good();
  bad.kedge_log = Bytes(kMaxEventLogSize + 1, 0);
  EXPECT_THAT(ParseEvidence(EncodeEvidence(bad)), HasFault("MALFORMED"));
  EXPECT_THAT(ParseEvidence(Bytes(kMaxEvidenceSize + 1, 0)), HasFault("MALFORMED"));
  // The largest that the parts allow fits the whole.
  VtpmEvidence largest = Good();
  largest.quoted = largest.signature = largest.ak_public = Bytes(2048, 0);
  largest.firmware_log = Bytes(kMaxFirmwareLogSize, 0);
  largest.kedge_log = Bytes(kMaxEventLogSize, 0);
  EXPECT_OK(ParseEvidence(EncodeEvidence(largest)));
}

}  // namespace
}  // namespace kedge
