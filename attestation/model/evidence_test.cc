#include "attestation/model/evidence.h"

#include <gtest/gtest.h>

namespace kedge {
namespace {

TEST(EncodeEvidence, BytesAreThoseOfTheDocument) {
  VtpmEvidence vtpm;
  vtpm.quoted = {0x01};
  vtpm.signature = {0x02, 0x03};
  vtpm.ak_public = {0x04};
  vtpm.bank = PcrBank::kSha1;
  vtpm.pcrs[15] = Bytes(20, 0xBB);
  vtpm.pcrs[0] = Bytes(20, 0xAA);
  vtpm.kedge_log = {0x05};
  const std::string a(40, 'a');
  const std::string b(40, 'b');
  EXPECT_EQ(ToHex(EncodeEvidence(vtpm)),
            "000000106b656467652f312065766964656e6365"  // "kedge/1 evidence"
            "000000047674706d"                          // "vtpm"
            "0000000101"
            "000000020203"
            "0000000104"
            "0000000400000004"
            "0000000400008001"
            "00000028" +
                a + b + "00000000" + "0000000105");
}

TEST(EvidenceLevel, NamesAreThoseOfTheDesign) {
  EXPECT_EQ(ToString(EvidenceLevel::kHostVtpm), "host-vtpm");
  EXPECT_EQ(ToString(EvidenceLevel::kTeeVtpm), "tee-vtpm");
  EXPECT_EQ(ToString(EvidenceLevel::kTeeMeasured), "tee-measured");
}

TEST(DigestSize, IsZeroOutsideTheEnumeration) {
  EXPECT_EQ(DigestSize(PcrBank::kSha384), 48u);
  EXPECT_EQ(DigestSize(static_cast<PcrBank>(0x0012)), 0u);
}

}  // namespace
}  // namespace kedge
