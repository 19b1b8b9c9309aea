#include "attestation/parse/tpm_structs.h"

#include <gtest/gtest.h>

#include <functional>

#include "attestation/model/testing/tpm_wire.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::TpmWriter;

// Any shorter or longer form of good bytes is malformed.
template <typename Parse>
void ExpectExact(const Bytes& good, Parse parse) {
  ASSERT_OK(parse(good));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(parse(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THAT(parse(longer), HasFault("MALFORMED"));
}

Bytes GoodQuote() {
  testing::QuoteAttest attest;
  attest.extra_data = Bytes(64, 0xE1);
  attest.selection = {0, 7, 8, 15, 23};
  attest.pcr_digest = Bytes(32, 0xD1);
  return testing::EncodeQuoteAttest(attest);
}

TEST(ParseTpmAttest, ReadsEveryField) {
  ASSERT_OK_AND_ASSIGN(const TpmAttest attest, ParseTpmAttest(GoodQuote()));
  EXPECT_EQ(attest.magic, kTpmGenerated);
  EXPECT_EQ(attest.type, kTpmAttestQuote);
  EXPECT_EQ(attest.qualified_signer, Bytes(34, 0x5A));
  EXPECT_EQ(attest.extra_data, Bytes(64, 0xE1));
  EXPECT_EQ(attest.clock_ms, 123456u);
  EXPECT_EQ(attest.reset_count, 1u);
  EXPECT_EQ(attest.restart_count, 0u);
  EXPECT_TRUE(attest.safe);
  EXPECT_EQ(attest.firmware_version, 0x20240101u);
  ASSERT_TRUE(attest.quote.has_value());
  ASSERT_EQ(attest.quote->selections.size(), 1u);
  EXPECT_EQ(attest.quote->selections[0].bank, kTpmAlgSha256);
  EXPECT_EQ(attest.quote->selections[0].indices, (std::vector<PcrIndex>{0, 7, 8, 15, 23}));
  EXPECT_EQ(attest.quote->pcr_digest, Bytes(32, 0xD1));
}

TEST(ParseTpmAttest, CutOffOrLongerBytesAreMalformed) { ExpectExact(GoodQuote(), ParseTpmAttest); }

TEST(ParseTpmAttest, LimitsAreEnforced) {
  testing::QuoteAttest attest;
  attest.safe = 2;
  EXPECT_THAT(ParseTpmAttest(testing::EncodeQuoteAttest(attest)), HasFault("MALFORMED"));
  attest = {};
  attest.extra_data = Bytes(65, 0);
  EXPECT_THAT(ParseTpmAttest(testing::EncodeQuoteAttest(attest)), HasFault("MALFORMED"));
  Bytes many = GoodQuote();
  // The count of selections sits before the last 4 + 2 + 1 + 3 + 34 bytes.
  many[many.size() - 44] = 0xFF;
  EXPECT_THAT(ParseTpmAttest(many), HasFault("MALFORMED"));
}

TEST(ParseTpmAttest, OtherTypesAreReportedWithoutTheirBody) {
  testing::QuoteAttest attest;
  attest.type = 0x8017;
  ASSERT_OK_AND_ASSIGN(const TpmAttest parsed, ParseTpmAttest(testing::EncodeQuoteAttest(attest)));
  EXPECT_EQ(parsed.type, 0x8017);
  EXPECT_FALSE(parsed.quote.has_value());
}

TEST(ParseTpmSignature, ReadsEcdsa) {
  const Bytes bytes = testing::EncodeEcdsaSignature(kTpmAlgSha256, Bytes(32, 1), Bytes(31, 2));
  ASSERT_OK_AND_ASSIGN(const TpmSignature signature, ParseTpmSignature(bytes));
  EXPECT_EQ(signature.scheme, kTpmAlgEcdsa);
  EXPECT_EQ(signature.hash, kTpmAlgSha256);
  EXPECT_EQ(std::get<TpmEcdsaSignature>(signature.value).r, Bytes(32, 1));
  EXPECT_EQ(std::get<TpmEcdsaSignature>(signature.value).s, Bytes(31, 2));
  ExpectExact(bytes, ParseTpmSignature);
}

TEST(ParseTpmSignature, ReadsRsa) {
  for (uint16_t scheme : {kTpmAlgRsassa, kTpmAlgRsapss}) {
    TpmWriter writer;
    writer.U16(scheme).U16(kTpmAlgSha384).Sized(Bytes(256, 7));
    const Bytes bytes = std::move(writer).Take();
    ASSERT_OK_AND_ASSIGN(const TpmSignature signature, ParseTpmSignature(bytes));
    EXPECT_EQ(signature.scheme, scheme);
    EXPECT_EQ(std::get<TpmRsaSignature>(signature.value).bytes, Bytes(256, 7));
    ExpectExact(bytes, ParseTpmSignature);
  }
}

TEST(ParseTpmSignature, OtherSchemesAndSizesAreMalformed) {
  TpmWriter hmac;
  hmac.U16(0x0005).U16(kTpmAlgSha256).Raw(Bytes(32, 0));
  EXPECT_THAT(ParseTpmSignature(std::move(hmac).Take()), HasFault("MALFORMED"));
  TpmWriter large;
  large.U16(kTpmAlgRsassa).U16(kTpmAlgSha256).Sized(Bytes(513, 0));
  EXPECT_THAT(ParseTpmSignature(std::move(large).Take()), HasFault("MALFORMED"));
}

TEST(ParseTpmPublic, ReadsAnAk) {
  const Bytes bytes = testing::EncodeAkPublic(Bytes(32, 1), Bytes(32, 2));
  ASSERT_OK_AND_ASSIGN(const TpmPublic ak, ParseTpmPublic(bytes));
  EXPECT_EQ(ak.name_alg, kTpmAlgSha256);
  EXPECT_EQ(ak.attributes, testing::kAkAttributes);
  EXPECT_EQ(ak.symmetric, kTpmAlgNull);
  EXPECT_EQ(ak.scheme, kTpmAlgEcdsa);
  EXPECT_EQ(ak.scheme_hash, kTpmAlgSha256);
  EXPECT_EQ(std::get<TpmEccPublic>(ak.key).curve, kTpmCurveP256);
  EXPECT_EQ(std::get<TpmEccPublic>(ak.key).y, Bytes(32, 2));
  ExpectExact(bytes, ParseTpmPublic);
}

TEST(ParseTpmPublic, ReadsBothKindsOfEk) {
  const Bytes rsa = testing::EncodeRsaEkPublic(Bytes(256, 3));
  ASSERT_OK_AND_ASSIGN(const TpmPublic l1, ParseTpmPublic(rsa));
  EXPECT_EQ(l1.symmetric, kTpmAlgAes);
  EXPECT_EQ(l1.symmetric_bits, 128);
  EXPECT_EQ(l1.symmetric_mode, kTpmAlgCfb);
  EXPECT_EQ(std::get<TpmRsaPublic>(l1.key).modulus, Bytes(256, 3));
  EXPECT_EQ(l1.auth_policy.size(), 32u);
  ExpectExact(rsa, ParseTpmPublic);
  const Bytes ecc = testing::EncodeEccEkPublic(Bytes(48, 1), Bytes(48, 2));
  ASSERT_OK_AND_ASSIGN(const TpmPublic h3, ParseTpmPublic(ecc));
  EXPECT_EQ(h3.symmetric_bits, 256);
  EXPECT_EQ(std::get<TpmEccPublic>(h3.key).curve, kTpmCurveP384);
  EXPECT_EQ(h3.auth_policy.size(), 48u);
  ExpectExact(ecc, ParseTpmPublic);
}

TEST(ParseTpmPublic, SizesMustAgree) {
  EXPECT_THAT(ParseTpmPublic(testing::EncodeRsaEkPublic(Bytes(255, 3))), HasFault("MALFORMED"));
  EXPECT_THAT(ParseTpmPublic(testing::EncodeEccEkPublic(Bytes(67, 1), Bytes(48, 2))),
              HasFault("MALFORMED"));
}

TEST(ParseTpmPublic, OtherObjectTypesAndSchemesAreMalformed) {
  Bytes keyed_hash = testing::EncodeAkPublic(Bytes(32, 1), Bytes(32, 2));
  keyed_hash[1] = 0x08;
  EXPECT_THAT(ParseTpmPublic(keyed_hash), HasFault("MALFORMED"));
  Bytes ecdaa = testing::EncodeAkPublic(Bytes(32, 1), Bytes(32, 2));
  ecdaa[13] = 0x1A;  // TPM_ALG_ECDAA
  EXPECT_THAT(ParseTpmPublic(ecdaa), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
