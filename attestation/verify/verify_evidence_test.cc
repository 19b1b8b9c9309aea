#include <gtest/gtest.h>

#include <functional>

#include "attestation/issue/testing/fake_node.h"
#include "attestation/model/testing/tpm_wire.h"
#include "attestation/parse/kedge_log.h"
#include "attestation/verify/verify.h"
#include "base/status_matchers.h"
#include "crypto/ecdh.h"

namespace kedge {
namespace {

using testing::FakeNode;
using testing::QuoteAttest;
using testing::TestTpmCa;

const ReportData kReport = Sha512(AsBytes("transcript"));

class VerifyEvidenceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(node_.Measure(InitDataEvent(AsBytes("invitation"))));
    ASSERT_OK(node_.Measure(ClusterIdEvent(ClusterId{1})));
    ASSERT_OK_AND_ASSIGN(const Evidence evidence, node_.issuer().Issue(kReport));
    good_ = std::get<VtpmEvidence>(evidence);
  }

  TestTpmCa ca_;
  FakeNode node_{ca_};
  VtpmEvidence good_;
};

TEST_F(VerifyEvidenceTest, GenuineEvidenceGivesItsClaims) {
  ASSERT_OK_AND_ASSIGN(const Claims claims, VerifyEvidence(good_, kReport));
  EXPECT_FALSE(claims.tee.has_value());
  EXPECT_EQ(claims.pcrs, good_.pcrs);
  EXPECT_EQ(claims.ak_public, good_.ak_public);
  ASSERT_OK_AND_ASSIGN(const Bytes name, NameOf(good_.ak_public));
  EXPECT_EQ(claims.ak_name, name);
  EXPECT_EQ(name.size(), 34u);
  EXPECT_EQ(claims.kedge_events.size(), 2u);
  EXPECT_TRUE(claims.clock_safe);
  EXPECT_EQ(claims.reset_count, 2u);  // made, then booted
}

TEST_F(VerifyEvidenceTest, EveryFlippedByteIsRefused) {
  const auto expect_refused = [](const VtpmEvidence& evidence, const std::string& where) {
    EXPECT_FALSE(VerifyEvidence(evidence, kReport).ok()) << where;
  };
  const auto flip_each = [&](Bytes VtpmEvidence::*field, const char* name) {
    for (size_t i = 0; i < (good_.*field).size(); ++i) {
      VtpmEvidence bad = good_;
      (bad.*field)[i] ^= 0x01;
      expect_refused(bad, std::string(name) + " " + std::to_string(i));
    }
  };
  flip_each(&VtpmEvidence::quoted, "quoted");
  flip_each(&VtpmEvidence::signature, "signature");
  flip_each(&VtpmEvidence::kedge_log, "kedge_log");
  for (const auto& [pcr, value] : good_.pcrs) {
    VtpmEvidence bad = good_;
    bad.pcrs[pcr][0] ^= 0x01;
    expect_refused(bad, "pcr " + std::to_string(pcr));
  }
}

// The public area has bytes that its signature cannot protect (they are bound by the AK's name);
// any change must at least change that name.
TEST_F(VerifyEvidenceTest, EveryFlippedByteOfTheAkIsRefusedOrChangesItsName) {
  ASSERT_OK_AND_ASSIGN(const Claims good, VerifyEvidence(good_, kReport));
  for (size_t i = 0; i < good_.ak_public.size(); ++i) {
    VtpmEvidence bad = good_;
    bad.ak_public[i] ^= 0x01;
    const StatusOr<Claims> claims = VerifyEvidence(bad, kReport);
    EXPECT_TRUE(!claims.ok() || claims->ak_name != good.ak_name) << i;
  }
}

TEST_F(VerifyEvidenceTest, AnotherReportIsRefused) {
  ReportData other = kReport;
  other[63] ^= 1;
  EXPECT_THAT(VerifyEvidence(good_, other), HasFault("NONCE"));
}

TEST_F(VerifyEvidenceTest, AnotherKeyIsRefused) {
  FakeNode other(ca_);
  ASSERT_OK_AND_ASSIGN(good_.ak_public, other.tpm().AttestationKeyPublic());
  EXPECT_THAT(VerifyEvidence(good_, kReport), HasFault("BAD_SIGNATURE"));
}

TEST_F(VerifyEvidenceTest, MissingOrAddedPcrValuesAreRefused) {
  VtpmEvidence bad = good_;
  bad.pcrs.erase(3);
  EXPECT_THAT(VerifyEvidence(bad, kReport), HasFault("PCR_DIGEST"));
  bad = good_;
  bad.pcrs[16] = Bytes(32, 0);
  EXPECT_THAT(VerifyEvidence(bad, kReport), HasFault("PCR_DIGEST"));
}

TEST_F(VerifyEvidenceTest, MissingLogIsRefused) {
  good_.kedge_log.clear();
  EXPECT_THAT(VerifyEvidence(good_, kReport), HasFault("LOG_REPLAY"));
}

TEST_F(VerifyEvidenceTest, RecordWithAForgedDigestIsRefused) {
  ASSERT_OK_AND_ASSIGN(auto records, ParseKedgeLog(good_.kedge_log));
  records[0].digests.at(PcrBank::kSha384)[0] ^= 1;
  good_.kedge_log.clear();
  for (const KedgeLogRecord& record : records) {
    const Bytes encoded = EncodeKedgeLogRecord(record);
    good_.kedge_log.insert(good_.kedge_log.end(), encoded.begin(), encoded.end());
  }
  EXPECT_THAT(VerifyEvidence(good_, kReport), HasFault("LOG_REPLAY"));
}

TEST_F(VerifyEvidenceTest, FirmwareLogThatDoesNotReplayIsRefused) {
  good_.firmware_log = Bytes(100, 0);
  EXPECT_THAT(VerifyEvidence(good_, kReport), HasFault("MALFORMED"));
}

// Evidence signed by a key that the test holds, so that each field of the quote can be wrong alone.
class ForgedQuoteTest : public VerifyEvidenceTest {
 protected:
  void SetUp() override {
    VerifyEvidenceTest::SetUp();
    attest_.extra_data = ToBytes(ByteView(kReport));
    for (const auto& [pcr, value] : good_.pcrs) attest_.selection.push_back(pcr);
    attest_.pcr_digest = testing::PcrDigestOf(good_.pcrs);
  }
  StatusOr<Claims> Verify(uint32_t attributes = testing::kAkAttributes) {
    VtpmEvidence evidence = good_;
    const EcPoint point = PointOf(key_.public_key());
    evidence.ak_public = testing::EncodeAkPublic(point.x, point.y, attributes);
    evidence.quoted = testing::EncodeQuoteAttest(attest_);
    evidence.signature = testing::EncodeEcdsaSignatureFromDer(0x000B, *key_.Sign(evidence.quoted));
    return VerifyEvidence(evidence, kReport);
  }

  SigningKey key_ = *SigningKey::Generate(Curve::kP256);
  QuoteAttest attest_;
};

TEST_F(ForgedQuoteTest, TheBuilderMakesGoodQuotes) { EXPECT_OK(Verify()); }

TEST_F(ForgedQuoteTest, BytesNotMadeByATpmAreRefused) {
  attest_.magic = 0xFF544346;
  EXPECT_THAT(Verify(), HasFault("TPM_MAGIC"));
}

TEST_F(ForgedQuoteTest, AnotherAttestationTypeIsRefused) {
  attest_.type = 0x8017;  // TPM_ST_ATTEST_CERTIFY
  EXPECT_THAT(Verify(), HasFault("TPM_TYPE"));
}

TEST_F(ForgedQuoteTest, ShorterSelectionIsRefused) {
  attest_.selection.pop_back();
  EXPECT_THAT(Verify(), HasFault("PCR_SELECTION"));
}

TEST_F(ForgedQuoteTest, LongerSelectionIsRefused) {
  attest_.selection.push_back(16);
  EXPECT_THAT(Verify(), HasFault("PCR_SELECTION"));
}

TEST_F(ForgedQuoteTest, AnotherBankIsRefused) {
  attest_.bank = 0x000C;
  EXPECT_THAT(Verify(), HasFault("PCR_SELECTION"));
}

TEST_F(ForgedQuoteTest, AnotherDigestIsRefused) {
  attest_.pcr_digest[0] ^= 1;
  EXPECT_THAT(Verify(), HasFault("PCR_DIGEST"));
}

TEST_F(ForgedQuoteTest, ShorterExtraDataIsRefused) {
  attest_.extra_data.pop_back();
  EXPECT_THAT(Verify(), HasFault("NONCE"));
}

TEST_F(ForgedQuoteTest, KeysThatMaySignAnythingAreRefused) {
  for (uint32_t missing : {0x2u, 0x10u, 0x20u, 0x10000u, 0x40000u}) {
    EXPECT_THAT(Verify(testing::kAkAttributes & ~missing), HasFault("AK_PROPERTIES")) << missing;
  }
  EXPECT_THAT(Verify(testing::kAkAttributes | 0x20000), HasFault("AK_PROPERTIES"));
}

}  // namespace
}  // namespace kedge
