#include "attestation/verify/explain.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "attestation/verify/explain_table.h"
#include "house/folders.h"

namespace kedge {
namespace {

Check Failed(std::string name, std::string expected, std::string actual, std::string reason = "") {
  return {std::move(name), CheckResult::kFail, std::move(expected), std::move(actual),
          std::move(reason)};
}

// Every row that a verifier of this room can write, by the calls that write rows.
std::set<std::string> RowNames() {
  const std::regex call(
      R"re((?:Pass|Fail|Malformed|Demand|DemandOk|DemandEqual|CheckFlag|CheckSet|CheckAllowed|CheckDenied|ApplyField|Report|value|listed|check|row|NeedsMore|CheckField)\((?:[^;"]*?)"([A-Z][A-Z0-9_]{2,}|AK|image|launch|[a-z]+\.[a-z-]+)")re");
  std::set<std::string> out;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(KEDGE_SOURCE_DIR) + "/attestation/verify")) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".cc") || name.ends_with("_test.cc") || name.starts_with("explain"))
      continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    for (std::sregex_iterator it(text.begin(), text.end(), call), end; it != end; ++it) {
      out.insert((*it)[1]);
    }
  }
  return out;
}

TEST(Explain, KnowsEveryRowThatAVerifierWrites) {
  const std::set<std::string> names = RowNames();
  ASSERT_GT(names.size(), 70u);
  for (const char* sure :
       {"TCB_MINIMUM", "MRTD", "LOG_REPLAY", "PLATFORM_SMT", "launch", "event.order"}) {
    EXPECT_EQ(names.count(sure), 1u) << sure << " was not found in the sources";
  }
  for (const std::string& name : names) EXPECT_TRUE(KnowsCheck(name)) << name;
}

TEST(Explain, EveryEntryCanBeReachedAndSaysWhatToDo) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const ExplainEntry& entry : ExplainTable()) {
    EXPECT_TRUE(seen.emplace(entry.name, entry.about).second) << entry.name << " " << entry.about;
    EXPECT_FALSE(entry.remedy.empty()) << entry.name;
    EXPECT_EQ(entry.component.empty(), entry.detail == ExplainDetail::kRegister) << entry.name;
    EXPECT_EQ(entry.kind == PolicyRuleKind::kNone, entry.rule.empty()) << entry.name;
    std::string name(entry.name);
    if (name.back() == '*') name.back() = '1';
    const Explanation why = Explain(Failed(name, "a", "b", std::string(entry.about)));
    EXPECT_EQ(why.remedy, entry.remedy) << entry.name << " is hidden by an entry above it";
  }
}

TEST(Explain, NamesThePartOfATcbThatIsTooOld) {
  const Explanation why = Explain(Failed("TCB_MINIMUM", "at least bl 4, tee 0, snp 24, ucode 219",
                                         "bl 4, tee 0, snp 8, ucode 115", "reported TCB"));
  EXPECT_EQ(why.differences,
            "SNP firmware (snp) is 8, needs 24; microcode (ucode) is 115, needs 219");
  EXPECT_EQ(why.rule, "snp.minimum_reported_tcb");
  // Higher is no fault of a floor, and any difference is one of a certificate.
  EXPECT_EQ(Explain(Failed("TCB_MINIMUM", "at least bl 4, tee 0, snp 24, ucode 219",
                           "bl 9, tee 0, snp 23, ucode 219", "launch TCB"))
                .differences,
            "SNP firmware (snp) is 23, needs 24");
  EXPECT_EQ(
      Explain(Failed("TCB", "bl 4, tee 0, snp 24, ucode 219", "bl 9, tee 0, snp 24, ucode 219",
                     "reported TCB against the certificate"))
          .differences,
      "boot loader of the secure processor (bl) is 9, certified is 4");
}

TEST(Explain, NamesWhatIsMeasuredInARegister) {
  EXPECT_EQ(Explain(Failed("PCR_RULE", "00", "11", "PCR 11 sha256")).component,
            "PCR 11: sections of the unified kernel image, and the phases of the boot");
  EXPECT_EQ(Explain(Failed("LOG_REPLAY", "00", "11", "PCR 4 sha256 from the log")).component,
            "PCR 4: boot loader, unified kernel image and other EFI programs");
  EXPECT_EQ(Explain(Failed("LOG_REPLAY", "00", "11", "RTMR1 sha384 from the log")).component,
            "RTMR1: boot loader, unified kernel image, partition table");
  EXPECT_EQ(Explain(Failed("pcr.12", "00", "11")).component,
            "PCR 12: kernel command line and credentials from outside the image");
  EXPECT_EQ(Explain(Failed("RTMR2", "00", "11")).component, "RTMR2: kernel, command line, initrd");
  EXPECT_EQ(RegisterMeaning(false, 4'000'000'000), "applications");
  EXPECT_EQ(RegisterMeaning(true, 9), "unknown");
}

TEST(Explain, SaysWhatNoPolicyAccepts) {
  for (const char* name : {"SIGNATURE", "CRL_REVOKED", "TCB_REVOKED", "QUOTE_SIGNATURE", "NONCE",
                           "TPM_SIGNATURE", "HWID", "CHAIN"}) {
    EXPECT_EQ(Explain(Failed(name, "", "")).rule, "") << name;
  }
  EXPECT_EQ(Explain(Failed("GUEST_POLICY", "off", "on", "guest_policy.smt")).rule,
            "snp.guest_policy.smt");
  EXPECT_EQ(Explain(Failed("PLATFORM_INFO", "on", "off", "platform.tsme")).rule,
            "snp.platform.tsme");
}

TEST(Explain, UnknownAndMalformedRowsAreSpokenOf) {
  EXPECT_FALSE(KnowsCheck("NEW_CHECK"));
  const Explanation unknown = Explain(Failed("NEW_CHECK", "a", "b", "c"));
  EXPECT_NE(unknown.component.find("NEW_CHECK"), std::string::npos);
  EXPECT_EQ(unknown.rule, "");
  Check malformed = Failed("TCB_MINIMUM", "a", "b", "file");
  malformed.result = CheckResult::kMalformed;
  EXPECT_EQ(Explain(malformed).rule, "");
  EXPECT_NE(Explain(malformed).component.find("file"), std::string::npos);
  EXPECT_NE(Explain(Failed("MRTD", "x", "the policy leaves it unset")).remedy.find("skip"),
            std::string::npos);
}

}  // namespace
}  // namespace kedge
