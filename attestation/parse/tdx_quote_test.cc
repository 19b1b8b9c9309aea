#include "attestation/parse/tdx_quote.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/tdx_quote_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::EncodeTdxQuote;
using testing::PlainTdxQuote;

template <size_t N>
ByteArray<N> Filled(uint8_t value) {
  ByteArray<N> out;
  out.fill(value);
  return out;
}

TdxQuote Distinct(uint16_t version, bool tdx15) {
  TdxQuote out = PlainTdxQuote(version, tdx15);
  out.header_reserved = Filled<4>(0x01);
  out.user_data = Filled<20>(0x02);
  TdReportBody& body = out.body;
  body.tee_tcb_svn = Filled<16>(0x10);
  body.mr_seam = Filled<48>(0x11);
  body.mr_signer_seam = Filled<48>(0x12);
  body.seam_attributes = 0x1314;
  body.td_attributes = 0x8000000010000001;
  body.xfam = 0x61AE7;
  body.mr_td = Filled<48>(0x15);
  body.mr_config_id = Filled<48>(0x16);
  body.mr_owner = Filled<48>(0x17);
  body.mr_owner_config = Filled<48>(0x18);
  for (uint8_t i = 0; i < 4; ++i) body.rtmr[i] = Filled<48>(static_cast<uint8_t>(0x20 + i));
  body.report_data = Filled<64>(0x24);
  if (tdx15) {
    body.tee_tcb_svn2 = Filled<16>(0x25);
    body.mr_service_td = Filled<48>(0x26);
  }
  out.signature = Filled<64>(0x30);
  out.attestation_key = Filled<64>(0x31);
  SgxEnclaveReport& qe = out.qe_report;
  qe.cpu_svn = Filled<16>(0x40);
  qe.misc_select = 0x41;
  qe.attributes = Filled<16>(0x42);
  qe.mr_enclave = Filled<32>(0x43);
  qe.mr_signer = Filled<32>(0x44);
  qe.isv_prod_id = 2;
  qe.isv_svn = 0x0605;
  qe.report_data = Filled<64>(0x45);
  out.qe_report_signature = Filled<64>(0x46);
  out.qe_auth_data = Bytes(32, 0x47);
  out.pck_chain_pem = ToBytes("pem");
  return out;
}

void ExpectSame(const TdxQuote& a, const TdxQuote& b) {
  EXPECT_EQ(EncodeTdxQuote(a), EncodeTdxQuote(b));
  EXPECT_EQ(a.body.tee_tcb_svn2, b.body.tee_tcb_svn2);
  EXPECT_EQ(a.body.mr_service_td, b.body.mr_service_td);
}

TEST(ParseTdxQuote, ReadsEveryFieldOfEachForm) {
  for (const auto& [version, tdx15] : {std::pair(4, false), {5, false}, {5, true}}) {
    const TdxQuote quote = Distinct(static_cast<uint16_t>(version), tdx15);
    const Bytes bytes = EncodeTdxQuote(quote);
    ASSERT_OK_AND_ASSIGN(const TdxQuote parsed, ParseTdxQuote(bytes));
    ExpectSame(parsed, quote);
    EXPECT_EQ(parsed.signed_bytes, testing::EncodeSignedPart(quote));
    EXPECT_EQ(ToBytes(ByteView(parsed.qe_report.raw)),
              testing::EncodeEnclaveReport(quote.qe_report));
    EXPECT_EQ(parsed.padding, 0u);
  }
}

// Offsets from the specification's tables, so that builder and parser cannot be wrong together.
TEST(ParseTdxQuote, FieldsLieWhereTheSpecificationSays) {
  Bytes bytes = EncodeTdxQuote(PlainTdxQuote(4));
  bytes[48 + 120] = 1;          // TDATTRIBUTES: DEBUG
  bytes[48 + 136] = 0xAB;       // MRTD
  bytes[48 + 328 + 48] = 0xAC;  // RTMR1
  bytes[48 + 520 + 63] = 0xAD;  // end of REPORTDATA
  ASSERT_OK_AND_ASSIGN(const TdxQuote quote, ParseTdxQuote(bytes));
  EXPECT_EQ(quote.body.td_attributes & kTdAttributeDebug, 1u);
  EXPECT_EQ(quote.body.mr_td[0], 0xAB);
  EXPECT_EQ(quote.body.rtmr[1][0], 0xAC);
  EXPECT_EQ(quote.body.report_data[63], 0xAD);

  bytes = EncodeTdxQuote(PlainTdxQuote(5, true));
  bytes[54 + 584] = 0xAE;       // TEE_TCB_SVN_2
  bytes[54 + 600 + 47] = 0xAF;  // end of MRSERVICETD
  ASSERT_OK_AND_ASSIGN(const TdxQuote newer, ParseTdxQuote(bytes));
  EXPECT_EQ((*newer.body.tee_tcb_svn2)[0], 0xAE);
  EXPECT_EQ((*newer.body.mr_service_td)[47], 0xAF);
}

TEST(ParseTdxQuote, EveryCutIsMalformed) {
  for (const uint16_t version : {uint16_t{4}, uint16_t{5}}) {
    const Bytes bytes = EncodeTdxQuote(Distinct(version, version == 5));
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THAT(ParseTdxQuote(ByteView(bytes).first(size)), HasFault("FORMAT")) << size;
    }
  }
}

TEST(ParseTdxQuote, OnlyZeroesMayFollow) {
  Bytes bytes = EncodeTdxQuote(Distinct(4, false));
  bytes.resize(bytes.size() + 70, 0);
  ASSERT_OK_AND_ASSIGN(const TdxQuote quote, ParseTdxQuote(bytes));
  EXPECT_EQ(quote.padding, 70u);
  bytes[bytes.size() - 35] = 1;
  EXPECT_THAT(ParseTdxQuote(bytes), HasFault("FORMAT"));
}

TEST(ParseTdxQuote, ZeroAtTheEndOfTheChainIsCut) {
  TdxQuote quote = Distinct(4, false);
  quote.pck_chain_pem = {'p', 'e', 'm', 0};
  ASSERT_OK_AND_ASSIGN(const TdxQuote parsed, ParseTdxQuote(EncodeTdxQuote(quote)));
  EXPECT_EQ(parsed.pck_chain_pem, ToBytes("pem"));
  quote.pck_chain_pem.push_back(0);
  ASSERT_OK_AND_ASSIGN(const TdxQuote twice, ParseTdxQuote(EncodeTdxQuote(quote)));
  EXPECT_EQ(twice.pck_chain_pem, (Bytes{'p', 'e', 'm', 0}));
}

TEST(ParseTdxQuote, OtherKindsHaveTheirOwnCode) {
  TdxQuote quote = PlainTdxQuote(4);
  quote.version = 3;
  EXPECT_THAT(ParseTdxQuote(EncodeTdxQuote(quote)), HasFault("FORMAT_VERSION"));
  quote.version = 6;
  EXPECT_THAT(ParseTdxQuote(EncodeTdxQuote(quote)), HasFault("FORMAT_VERSION"));
  quote = PlainTdxQuote(4);
  quote.attestation_key_type = 3;
  EXPECT_THAT(ParseTdxQuote(EncodeTdxQuote(quote)), HasFault("FORMAT_AK_TYPE"));
  quote = PlainTdxQuote(4);
  quote.tee_type = 0;
  EXPECT_THAT(ParseTdxQuote(EncodeTdxQuote(quote)), HasFault("FORMAT_TEE_TYPE"));
  quote = PlainTdxQuote(4);
  quote.qe_vendor_id[15] ^= 1;
  EXPECT_THAT(ParseTdxQuote(EncodeTdxQuote(quote)), HasFault("FORMAT_VENDOR"));
}

TEST(ParseTdxQuote, LengthsThatDoNotFitAreMalformed) {
  const TdxQuote quote = Distinct(5, true);
  const Bytes good = EncodeTdxQuote(quote);
  const size_t signature = 48 + 6 + 648;
  const struct {
    size_t at;
    Bytes value;
    const char* what;
  } cases[] = {{48, {1, 0}, "body type of SGX"},
               {48, {4, 0}, "body type unknown"},
               {50, {0x48, 2, 0, 0}, "body size of the other form"},
               {signature, {0xFF, 0xFF, 0xFF, 0xFF}, "signature size"},
               {signature + 4 + 128, {5, 0}, "certification data type"},
               {signature + 4 + 130, {0xFF, 0xFF, 0xFF, 0xFF}, "certification data size"},
               {signature + 4 + 134 + 448, {0xFF, 0xFF}, "authentication data size"},
               {signature + 4 + 134 + 450 + 32, {1, 0}, "QE certification data type"},
               {signature + 4 + 134 + 452 + 32, {0xFF, 0xFF, 0xFF, 0x7F}, "chain size"}};
  for (const auto& test : cases) {
    Bytes bytes = good;
    std::copy(test.value.begin(), test.value.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(test.at));
    EXPECT_THAT(ParseTdxQuote(bytes), HasFault("FORMAT")) << test.what;
  }
  EXPECT_THAT(ParseTdxQuote(Bytes(kMaxTdxQuoteSize + 1, 0)), HasFault("FORMAT"));
}

TEST(TdxFlagsHex, ShowsTheQuotesBytes) {
  EXPECT_EQ(TdxFlagsHex(kTdAttributeSeptVeDisable), "0000001000000000");
}

}  // namespace
}  // namespace kedge
