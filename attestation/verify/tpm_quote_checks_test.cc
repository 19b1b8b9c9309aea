#include "attestation/verify/tpm_quote_checks.h"

#include <gtest/gtest.h>

#include "attestation/model/testing/fake_tpm.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FakeTpm;
using testing::TestTpmCa;

class TpmQuoteChecksTest : public ::testing::Test {
 protected:
  TpmQuoteChecksTest() : tpm_(ca_, {.banks = {PcrBank::kSha1, PcrBank::kSha256}}) {
    tpm_.ExtendData(4, AsBytes("image"));
    nonce_.fill(7);
    const StatusOr<Bytes> area = tpm_.AttestationKeyPublic();
    EXPECT_OK(area);
    ak_public_ = *area;
  }
  TpmQuoteFiles Quote(PcrBank bank, const std::vector<PcrIndex>& indices) {
    StatusOr<TpmQuote> quote = tpm_.Quote(bank, indices, nonce_);
    StatusOr<PcrValues> values = tpm_.ReadPcrs(bank, indices);
    EXPECT_OK(quote);
    EXPECT_OK(values);
    return {std::string(ToString(bank)), quote->quoted, quote->signature, {{bank, *values}}};
  }
  Verdict Check(const std::vector<TpmQuoteFiles>& quotes, const TpmPolicy& policy = {}) {
    const StatusOr<AttestationKey> ak = ParseAttestationKey(ak_public_);
    EXPECT_OK(ak);
    CheckList checks;
    claims_ =
        CheckTpmQuotes(quotes, {*ak, AkTrust::kCaller, ToBytes(ByteView(nonce_)), policy}, checks);
    return std::move(checks).Take();
  }
  static std::string Failures(const Verdict& verdict) {
    std::string out;
    for (const kedge::Check& check : verdict.checks) {
      if (check.result == CheckResult::kFail) out += check.name + " ";
    }
    return out;
  }

  TestTpmCa ca_;
  FakeTpm tpm_;
  ReportData nonce_{};
  Bytes ak_public_;
  TpmClaims claims_;
};

TEST_F(TpmQuoteChecksTest, GenuineQuotesPass) {
  const Verdict verdict = Check({Quote(PcrBank::kSha1, {0, 4}), Quote(PcrBank::kSha256, {0, 4})});
  EXPECT_TRUE(verdict.trusted()) << verdict.FirstFailure();
  EXPECT_EQ(claims_.quotes.size(), 2u);
  EXPECT_TRUE(claims_.quotes[0].attest.safe);
  EXPECT_EQ(claims_.pcrs.at(PcrBank::kSha256).size(), 2u);
}

TEST_F(TpmQuoteChecksTest, Sha1BankAloneSatisfiesNothing) {
  EXPECT_EQ(Failures(Check({Quote(PcrBank::kSha1, {0, 4})})), "SHA1_BANK ");
}

TEST_F(TpmQuoteChecksTest, EachQuestionHasItsRow) {
  const TpmQuoteFiles good = Quote(PcrBank::kSha256, {0, 4});
  TpmQuoteFiles bad = good;
  bad.pcrs[PcrBank::kSha256][4].back() ^= 1;
  EXPECT_EQ(Failures(Check({bad})), "PCR_DIGEST ");
  bad = good;
  bad.pcrs[PcrBank::kSha256].erase(4);
  EXPECT_EQ(Failures(Check({bad})), "PCR_SELECTION PCR_DIGEST ");
  bad = good;
  bad.signature.back() ^= 1;
  EXPECT_EQ(Failures(Check({bad})), "TPM_SIGNATURE ");
  bad = good;
  bad.quoted[0] ^= 1;
  EXPECT_EQ(Failures(Check({bad})), "TPM_MAGIC TPM_SIGNATURE ");
  bad = good;
  bad.quoted[5] = 0x17;
  EXPECT_EQ(Failures(Check({bad})), "TPM_TYPE TPM_SIGNATURE ");
  bad = good;
  bad.signature[3] = 0x04;  // SHA-1
  EXPECT_EQ(Failures(Check({bad})), "SIG_ALGO TPM_SIGNATURE ");
  bad.quoted.pop_back();
  EXPECT_EQ(Check({bad}).outcome, Outcome::kMalformed);
  nonce_[0] ^= 1;
  EXPECT_EQ(Failures(Check({good})), "NONCE ");
  EXPECT_EQ(Check({}).outcome, Outcome::kUntrusted);
}

TEST_F(TpmQuoteChecksTest, PolicyNamesSelectionTrustAndValues) {
  const TpmQuoteFiles quote = Quote(PcrBank::kSha256, {0, 4});
  TpmPolicy policy;
  policy.selection = {{PcrBank::kSha256, {0, 4}}};
  EXPECT_TRUE(Check({quote}, policy).trusted());
  policy.selection = {{PcrBank::kSha256, {0, 4, 7}}};
  EXPECT_EQ(Failures(Check({quote}, policy)), "PCR_SELECTION ");
  policy = {};
  policy.accepted_ak = {AkTrust::kTeeReport};
  EXPECT_EQ(Failures(Check({quote}, policy)), "AK_BINDING ");
  policy = {};
  policy.pcrs = {{PcrBank::kSha256, 4, {Bytes(32, 1)}, Enforcement::kEnforce}};
  EXPECT_EQ(Failures(Check({quote}, policy)), "PCR_RULE ");
}

TEST_F(TpmQuoteChecksTest, KeyMustNotSignWhatItDidNotMake) {
  // restricted is bit 16 of the attributes, which follow type and name algorithm.
  ak_public_[4 + 1] &= 0xFE;
  EXPECT_EQ(Failures(Check({Quote(PcrBank::kSha256, {0, 4})})), "AK_PROPERTIES ");
}

TEST_F(TpmQuoteChecksTest, EmptyRegistersAreSaid) {
  const Verdict verdict = Check({Quote(PcrBank::kSha256, {0, 4})});
  const bool said =
      std::any_of(verdict.checks.begin(), verdict.checks.end(), [](const kedge::Check& check) {
        return check.name == "DEBUG_ZERO_PCRS" && check.result == CheckResult::kWarn &&
               check.actual == "sha256 PCRs 0";
      });
  EXPECT_TRUE(said);
}

}  // namespace
}  // namespace kedge
