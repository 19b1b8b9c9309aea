#include "attestation/parse/intel_collateral.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/intel_collateral_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::EncodeQeIdentity;
using testing::EncodeTcbInfo;
using testing::ordered_json;

TcbInfo SampleInfo() {
  TcbInfo out;
  out.id = "TDX";
  out.version = 3;
  out.issue_date = absl::FromUnixSeconds(1'750'000'000);
  out.next_update = absl::FromUnixSeconds(1'752'000'000);
  out.fmspc = {0x90, 0xC0, 0x6F, 0, 0, 0};
  out.tcb_evaluation_data_number = 18;
  out.module.emplace().attributes_mask.fill(0xFF);
  TdxModuleIdentity identity;
  identity.id = "TDX_1A";
  identity.version = 0x1A;
  identity.levels = {{6, out.issue_date, TcbStatus::kUpToDate, {}},
                     {2, out.issue_date, TcbStatus::kOutOfDate, {"INTEL-SA-1"}}};
  out.module_identities = {identity};
  TcbLevel level;
  level.sgx.svns.fill(3);
  level.sgx.names[0] = "BIOS";
  level.pce_svn = 11;
  level.tdx.svns.fill(4);
  level.date = out.issue_date;
  level.status = TcbStatus::kSwHardeningNeeded;
  level.advisory_ids = {"INTEL-SA-2", "INTEL-SA-3"};
  out.levels = {level};
  return out;
}

QeIdentity SampleIdentity() {
  QeIdentity out;
  out.id = "TD_QE";
  out.version = 2;
  out.issue_date = absl::FromUnixSeconds(1'750'000'000);
  out.next_update = absl::FromUnixSeconds(1'752'000'000);
  out.tcb_evaluation_data_number = 18;
  out.misc_select_mask.fill(0xFF);
  out.attributes[0] = 0x11;
  out.attributes_mask.fill(0xFB);
  out.mr_signer.fill(0xDC);
  out.isv_prod_id = 2;
  out.levels = {{4, out.issue_date, TcbStatus::kUpToDate, {}}};
  return out;
}

ByteArray<64> Signature() {
  ByteArray<64> out;
  out.fill(0x5A);
  return out;
}

std::string Document(const ordered_json& inner) {
  return testing::WrapSigned("tcbInfo", inner.dump(), Signature());
}
StatusOr<IntelSigned<TcbInfo>> Parse(const std::string& text) {
  return ParseTcbInfo(AsBytes(text));
}

TEST(ParseTcbInfo, ReadsEveryField) {
  const TcbInfo sample = SampleInfo();
  ASSERT_OK_AND_ASSIGN(const auto parsed, Parse(Document(EncodeTcbInfo(sample))));
  EXPECT_EQ(EncodeTcbInfo(parsed.content), EncodeTcbInfo(sample));
  EXPECT_EQ(parsed.content.module_identities[0].version, 0x1A);
  EXPECT_EQ(parsed.signature, Signature());
}

TEST(ParseTcbInfo, SignatureCoversTheTextAsSent) {
  std::string inner = EncodeTcbInfo(SampleInfo()).dump();
  inner.insert(1, " \n\t");
  inner.insert(inner.size() - 1, "  ");
  const std::string text =
      "\n{ \"signature\" : \"" + ToHex(Signature()) + "\" , \"tcbInfo\" :  " + inner + " }\n";
  ASSERT_OK_AND_ASSIGN(const auto parsed, Parse(text));
  EXPECT_EQ(AsText(parsed.signed_bytes), inner);
}

TEST(ParseTcbInfo, TextAndTreeAreOfTheSameMember) {
  const std::string inner = EncodeTcbInfo(SampleInfo()).dump();
  // A second member of the name deeper down must not be taken for the signed one.
  ordered_json nested = EncodeTcbInfo(SampleInfo());
  nested["tcbInfo"] = {{"id", "other"}};
  ASSERT_OK_AND_ASSIGN(const auto parsed, Parse(Document(nested)));
  EXPECT_EQ(AsText(parsed.signed_bytes), nested.dump());
  // The same name twice, or a third member, means something else to each reader.
  const std::string tail = ",\"signature\":\"" + ToHex(Signature()) + "\"}";
  EXPECT_THAT(Parse("{\"tcbInfo\":" + inner + ",\"tcbInfo\":" + inner + tail),
              HasFault("MALFORMED"));
  EXPECT_THAT(Parse("{\"tcbInfo\":" + inner + ",\"x\":1" + tail), HasFault("MALFORMED"));
  EXPECT_THAT(Parse("{\"tcbInfo\":[" + inner + "]" + tail), HasFault("MALFORMED"));
  EXPECT_THAT(Parse("{\"tcbInfo\":" + inner + tail + "{}"), HasFault("MALFORMED"));
}

TEST(ParseTcbInfo, MembersThatIntelAddsLaterAreLetPass) {
  ordered_json inner = EncodeTcbInfo(SampleInfo());
  inner["somethingNew"] = {{"a", 1}};
  EXPECT_OK(Parse(Document(inner)));
}

TEST(ParseTcbInfo, EveryMissingMemberIsMalformed) {
  const ordered_json good = EncodeTcbInfo(SampleInfo());
  for (const auto& [name, value] : good.items()) {
    ordered_json bad = good;
    bad.erase(name);
    if (name == "tdxModuleIdentities") {
      EXPECT_OK(Parse(Document(bad)));  // documents before TDX 1.5 have none
    } else {
      EXPECT_THAT(Parse(Document(bad)), HasFault("MALFORMED")) << name;
    }
  }
}

TEST(ParseTcbInfo, WrongValuesAreMalformed) {
  const ordered_json good = EncodeTcbInfo(SampleInfo());
  const std::pair<const char*, ordered_json> cases[] = {
      {"/id", "TDQ"},
      {"/version", 2},
      {"/issueDate", "2025-06-05T03:43:45+00:00"},
      {"/issueDate", "2025-13-05T03:43:45Z"},
      {"/nextUpdate", 5},
      {"/fmspc", "90C06F0000"},
      {"/pceId", "zzzz"},
      {"/tcbEvaluationDataNumber", -1},
      {"/tcbEvaluationDataNumber", 1.5},
      {"/tcbEvaluationDataNumber", nullptr},
      {"/tdxModule/mrsigner", ""},
      {"/tdxModuleIdentities/0/id", "TDX_1"},
      {"/tdxModuleIdentities/0/id", "QE_01"},
      {"/tdxModuleIdentities/0/tcbLevels", ordered_json::array()},
      {"/tdxModuleIdentities/0/tcbLevels/0/tcb/isvsvn", 65536},
      {"/tcbLevels", ordered_json::array()},
      {"/tcbLevels/0/tcbStatus", "Fine"},
      {"/tcbLevels/0/tcbStatus", "NotSupported"},
      {"/tcbLevels/0/tcbStatus", "RelaunchAdvised"},
      {"/tcbLevels/0/tcb/pcesvn", 65536},
      {"/tcbLevels/0/tcb/sgxtcbcomponents/15/svn", 256},
      {"/tcbLevels/0/tcb/tdxtcbcomponents", ordered_json::array()},
      {"/tcbLevels/0/advisoryIDs", "INTEL-SA-1"},
      {"/tcbLevels/0/advisoryIDs/0", 1}};
  for (const auto& [place, value] : cases) {
    ordered_json bad = good;
    bad[ordered_json::json_pointer(place)] = value;
    EXPECT_THAT(Parse(Document(bad)), HasFault("MALFORMED")) << place << " = " << value;
  }
  ordered_json twice = good;
  twice["tdxModuleIdentities"].push_back(twice["tdxModuleIdentities"][0]);
  EXPECT_THAT(Parse(Document(twice)), HasFault("MALFORMED"));
}

TEST(ParseTcbInfo, EveryCutIsMalformed) {
  const std::string good = Document(EncodeTcbInfo(SampleInfo()));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(Parse(good.substr(0, size)), HasFault("MALFORMED")) << size;
  }
}

TEST(ParseTcbInfo, BoundsHold) {
  std::string deep = "{\"tcbInfo\":";
  for (int i = 0; i < 2000; ++i) deep += "{\"a\":[";
  EXPECT_THAT(Parse(deep), HasFault("MALFORMED"));
  ordered_json many = EncodeTcbInfo(SampleInfo());
  for (int i = 0; i < 300; ++i) many["tcbLevels"].push_back(many["tcbLevels"][0]);
  EXPECT_THAT(Parse(Document(many)), HasFault("MALFORMED"));
  EXPECT_THAT(ParseTcbInfo(Bytes(kMaxIntelCollateral + 1, ' ')), HasFault("MALFORMED"));
}

TEST(ParseTcbInfo, ReadsSgxDocumentsSoThatTheVerifierCanNameTheMistake) {
  TcbInfo sgx = SampleInfo();
  sgx.id = "SGX";
  sgx.module.reset();
  sgx.module_identities.clear();
  EXPECT_OK(Parse(Document(EncodeTcbInfo(sgx))));
}

TEST(ParseQeIdentity, ReadsEveryFieldAndRefusesOthers) {
  const ordered_json good = EncodeQeIdentity(SampleIdentity());
  const auto parse = [](const ordered_json& inner) {
    const std::string text = testing::WrapSigned("enclaveIdentity", inner.dump(), Signature());
    return ParseQeIdentity(AsBytes(text));
  };
  ASSERT_OK_AND_ASSIGN(const auto parsed, parse(good));
  EXPECT_EQ(EncodeQeIdentity(parsed.content), good);
  EXPECT_EQ(AsText(parsed.signed_bytes), good.dump());
  for (const auto& [name, value] : good.items()) {
    ordered_json bad = good;
    bad.erase(name);
    EXPECT_THAT(parse(bad), HasFault("MALFORMED")) << name;
  }
  ordered_json other = good;
  other["version"] = 1;
  EXPECT_THAT(parse(other), HasFault("MALFORMED"));
}

TEST(TcbStatus, NamesReadBack) {
  for (int i = 0; i <= static_cast<int>(TcbStatus::kRevoked); ++i) {
    const auto status = static_cast<TcbStatus>(i);
    EXPECT_EQ(TcbStatusNamed(ToString(status)), status);
  }
  EXPECT_EQ(TcbStatusNamed("uptodate"), std::nullopt);
}

}  // namespace
}  // namespace kedge
