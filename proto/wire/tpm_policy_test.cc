#include "proto/wire/tpm_policy.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge::wire {
namespace {

const std::string kDigest(64, 'a');
const std::string kPcrRule =
    R"({"bank":"sha256","pcr":4,"accepted":[")" + kDigest + R"("],"enforcement":"enforce"})";
const std::string kEventRule =
    R"({"name":"loader","pcr":4,"type":"EV_EFI_BOOT_SERVICES_APPLICATION","bank":"sha256",)"
    R"("digests":[")" +
    kDigest + R"("],"quantifier":"every","enforcement":"warn"})";

std::string Policy(const std::string& pcrs, const std::string& events) {
  return R"({"selection":{"sha256":{"pcrs":[0,4]}},"accepted_ak":["tee-report","ek-credential"],)"
         R"("pcrs":[)" +
         pcrs + R"(],"secure_boot":"require","events":[)" + events + "]}";
}

TEST(ParseTpmPolicy, ReadsEveryField) {
  ASSERT_OK_AND_ASSIGN(const TpmPolicy policy,
                       ParseTpmPolicy(AsBytes(Policy(kPcrRule, kEventRule))));
  EXPECT_EQ(policy.selection->at(PcrBank::kSha256), (std::vector<PcrIndex>{0, 4}));
  EXPECT_EQ(policy.accepted_ak,
            (std::vector<AkTrust>{AkTrust::kTeeReport, AkTrust::kEkCredential}));
  ASSERT_EQ(policy.pcrs.size(), 1u);
  EXPECT_EQ(policy.pcrs[0].accepted, std::vector<Bytes>{Bytes(32, 0xAA)});
  EXPECT_EQ(policy.secure_boot, Requirement::kRequire);
  ASSERT_EQ(policy.events.size(), 1u);
  EXPECT_EQ(policy.events[0].type, kEvEfiBootServicesApplication);
  EXPECT_EQ(policy.events[0].enforcement, Enforcement::kWarn);
}

TEST(ParseTpmPolicy, WhatIsLeftOpenOrUnknownIsRefused) {
  const auto replaced = [](std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
  };
  const std::string good = Policy(kPcrRule, kEventRule);
  const std::vector<std::string> bad = {
      "{}",
      replaced(good, "\"tee-report\",\"ek-credential\"", ""),
      replaced(good, "tee-report", "peer"),
      replaced(good, "\"require\"", "\"\""),
      replaced(good, "[0,4]", "[]"),
      replaced(good, "[0,4]", "[4,4]"),
      replaced(good, "[0,4]", "[24]"),
      replaced(good, "\"sha256\",\"pcr\"", "\"sha1\",\"pcr\""),
      replaced(good, "\"pcr\":4,\"accepted\"", "\"pcr\":24,\"accepted\""),
      replaced(good, "\"enforcement\":\"enforce\"", "\"enforcement\":\"\""),
      replaced(good, "[\"" + kDigest + "\"]", "[]"),
      replaced(good, kDigest, "aa"),
      replaced(good, "\"name\":\"loader\",", ""),
      replaced(good, "EV_EFI_BOOT_SERVICES_APPLICATION", "EV_NO_SUCH"),
      replaced(good, "\"pcr\":4,\"type\":\"EV_EFI_BOOT_SERVICES_APPLICATION\",", ""),
      replaced(good, "\"every\"", "\"most\""),
      replaced(good, "\"secure_boot\"", "\"secureboot\""),
      Policy("", R"({"name":"x","pcr":4,"quantifier":"every","enforcement":"warn"})"),
      Policy("", R"({"name":"x","pcr":4,"bank":"sha256","texts":["a"],"quantifier":"every",)"
                 R"("enforcement":"warn"})")};
  for (const std::string& text : bad) {
    EXPECT_THAT(ParseTpmPolicy(AsBytes(text)), HasFault("MALFORMED")) << text;
  }
}

}  // namespace
}  // namespace kedge::wire
