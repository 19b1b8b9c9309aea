#include "attestation/parse/hcl.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/hcl_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::HclBytes;
using testing::HclTerms;

HclTerms Tdx() {
  HclTerms terms;
  terms.version = 2;
  terms.report_type = 4;
  terms.hardware_report = Bytes(1184, 0);
  terms.hardware_report[0] = 0x81;
  return terms;
}

TEST(ParseHclReport, ReadsBothKinds) {
  const Bytes snp = HclBytes({});
  ASSERT_OK_AND_ASSIGN(const HclReport report, ParseHclReport(snp));
  EXPECT_EQ(report.report_type, HclReportType::kSnp);
  EXPECT_EQ(ToBytes(report.hardware_report), Bytes(1184, 0x5A));
  EXPECT_EQ(AsText(report.variable_data), R"({"keys":[]})");
  EXPECT_EQ(report.padding, 10u);
  const Bytes tdx = HclBytes(Tdx());
  ASSERT_OK_AND_ASSIGN(const HclReport td, ParseHclReport(tdx));
  EXPECT_EQ(td.hardware_report.size(), kTdReportSize);
  EXPECT_OK(ParseTdReport(td.hardware_report));
}

TEST(ParseHclReport, CutsAreMalformed) {
  HclTerms terms;
  terms.padding.clear();
  const Bytes good = HclBytes(terms);
  ASSERT_OK(ParseHclReport(good));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(ParseHclReport(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
}

TEST(ParseHclReport, WrongFieldsAreMalformed) {
  const auto expect = [](auto change, HclTerms terms = {}) {
    change(terms);
    EXPECT_THAT(ParseHclReport(HclBytes(terms)), HasFault("MALFORMED"));
  };
  expect([](HclTerms& t) { t.magic = "HCLB"; });
  expect([](HclTerms& t) { t.version = 3; });
  expect([](HclTerms& t) { t.report_type = 1; });
  expect([](HclTerms& t) { t.hash_type = 0; });
  expect([](HclTerms& t) { t.hash_type = 2; });
  expect([](HclTerms& t) { t.size_offset = 1; });
  expect([](HclTerms& t) { t.variable_offset = 1; });
  expect([](HclTerms& t) { t.variable_offset = 0xFFFFFFFF - 10; });
  expect([](HclTerms& t) { t.padding = Bytes{0, 1}; });
  expect([](HclTerms& t) { t.hardware_report[1100] = 1; }, Tdx());
  expect([](HclTerms& t) { t.padding = Bytes(32 * 1024, 0); });
}

std::string Key(const std::string& id, const std::string& n = "sA_-",
                const std::string& e = "AQAB") {
  return R"({"kid":")" + id + R"(","kty":"RSA","key_ops":["sign"],"n":")" + n + R"(","e":")" + e +
         R"("})";
}

TEST(ParseHclRuntimeData, ReadsKeysAndConfiguration) {
  const std::string json = R"({"keys":[)" + Key("HCLAkPub") + "," + Key("HCLEkPub") +
                           R"(],"vm-configuration":{"secure-boot":true,"tpm-enabled":false,)"
                           R"("vmUniqueId":"1-2"},"user-data":"00FF","new":1})";
  ASSERT_OK_AND_ASSIGN(const HclRuntimeData data, ParseHclRuntimeData(AsBytes(json)));
  const HclRsaKey* key = data.FindKey("HCLAkPub");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->modulus, (Bytes{0xB0, 0x0F, 0xFE}));
  EXPECT_EQ(key->exponent, 65537u);
  EXPECT_EQ(key->operations, std::vector<std::string>{"sign"});
  EXPECT_EQ(data.FindKey("other"), nullptr);
  EXPECT_EQ(data.secure_boot, true);
  EXPECT_EQ(data.tpm_enabled, false);
  EXPECT_EQ(data.console_enabled, std::nullopt);
  EXPECT_EQ(data.vm_id, "1-2");
  EXPECT_EQ(data.user_data, (Bytes{0x00, 0xFF}));
}

TEST(ParseHclRuntimeData, OtherFormsAreMalformed) {
  const std::vector<std::string> bad = {"",
                                        "[]",
                                        "{}",
                                        R"({"keys":{}})",
                                        R"({"keys":[)" + Key("a") + "," + Key("a") + "]}",
                                        R"({"keys":[7]})",
                                        R"({"keys":[)" + Key("a", "a+/=") + "]}",
                                        R"({"keys":[)" + Key("a", "") + "]}",
                                        R"({"keys":[)" + Key("a", "sA", "AAAAAAAA") + "]}",
                                        R"({"keys":[{"kid":"a","kty":"EC","n":"sA","e":"AQAB"}]})",
                                        R"({"keys":[],"user-data":"0"})"};
  for (const std::string& json : bad) {
    EXPECT_THAT(ParseHclRuntimeData(AsBytes(json)), HasFault("MALFORMED")) << json;
  }
}

TEST(ParseTdReport, HasOneSizeAndType) {
  Bytes report(kTdReportSize, 0);
  EXPECT_THAT(ParseTdReport(report), HasFault("MALFORMED"));
  report[0] = 0x81;
  report[128] = 7;
  ASSERT_OK_AND_ASSIGN(const TdReport parsed, ParseTdReport(report));
  EXPECT_EQ(parsed.report_data[0], 7);
  EXPECT_EQ(parsed.td_info.size(), 448u);
  report.push_back(0);
  EXPECT_THAT(ParseTdReport(report), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
