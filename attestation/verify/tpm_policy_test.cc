#include "attestation/verify/tpm_policy.h"

#include <gtest/gtest.h>

#include "attestation/model/measured_event.h"
#include "attestation/parse/testing/firmware_log_builder.h"
#include "attestation/parse/testing/uefi_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FirmwareLogBuilder;

constexpr PcrBank kBank = PcrBank::kSha256;

FirmwareLog Parse(const Bytes& bytes) {
  const StatusOr<FirmwareLog> log = ParseFirmwareLog(bytes);
  EXPECT_OK(log);
  return *log;
}

FirmwareLogBuilder Boot() {
  FirmwareLogBuilder builder;
  builder.Event(7, kEvEfiVariableDriverConfig, testing::SecureBootVariable(true))
      .Event(7, kEvSeparator, Bytes(4, 0))
      .EventOver(4, kEvEfiBootServicesApplication, AsBytes("shim"),
                 testing::ImageLoadEvent(testing::FilePath("\\shim.efi")))
      .EventOver(4, kEvEfiBootServicesApplication, AsBytes("uki"),
                 testing::ImageLoadEvent(testing::FilePath("\\uki.efi")))
      .EventOver(8, kEvIpl, AsBytes("quiet ro"), AsBytes("kernel_cmdline: quiet ro"));
  return builder;
}

Check Only(const TpmPolicy& policy, const FirmwareLog* log) {
  CheckList checks;
  ApplyEventRules(policy, log, checks);
  EXPECT_EQ(checks.checks().size(), 1u);
  return checks.checks().at(0);
}

EventRule Loaders(std::vector<std::string> images) {
  EventRule rule;
  rule.name = "boot loader";
  rule.pcr = 4;
  rule.type = kEvEfiBootServicesApplication;
  for (const std::string& image : images) {
    rule.digests.push_back(DigestInBank(kBank, AsBytes(image)));
  }
  return rule;
}

CheckResult ResultOf(EventRule rule, const FirmwareLog& log) {
  TpmPolicy policy;
  policy.events = {std::move(rule)};
  return Only(policy, &log).result;
}

TEST(EventRules, QuantifiersMeanWhatTheySay) {
  const FirmwareLog log = Parse(Boot().log());
  EXPECT_EQ(ResultOf(Loaders({"shim", "uki"}), log), CheckResult::kPass);
  EXPECT_EQ(ResultOf(Loaders({"uki"}), log), CheckResult::kFail);
  EventRule some = Loaders({"uki"});
  some.quantifier = EventQuantifier::kSome;
  EXPECT_EQ(ResultOf(some, log), CheckResult::kPass);
  EventRule none = Loaders({"uki"});
  none.quantifier = EventQuantifier::kNone;
  EXPECT_EQ(ResultOf(none, log), CheckResult::kFail);
  none.digests = {Bytes(32, 9)};
  EXPECT_EQ(ResultOf(none, log), CheckResult::kPass);
}

TEST(EventRules, NothingToLookAtIsNoPass) {
  EventRule rule = Loaders({"shim"});
  rule.pcr = 3;
  EXPECT_EQ(ResultOf(rule, Parse(Boot().log())), CheckResult::kFail);
  TpmPolicy policy;
  policy.events = {Loaders({"shim"})};
  EXPECT_EQ(Only(policy, nullptr).result, CheckResult::kFail);
  policy.events[0].enforcement = Enforcement::kWarn;
  EXPECT_EQ(Only(policy, nullptr).result, CheckResult::kWarn);
}

TEST(EventRules, TextCountsOnlyWhereItsDigestCoversIt) {
  EventRule rule;
  rule.name = "kernel command line";
  rule.pcr = 8;
  rule.text_part = "kernel_cmdline";
  rule.texts = {"quiet ro"};
  EXPECT_EQ(ResultOf(rule, Parse(Boot().log())), CheckResult::kPass);
  FirmwareLogBuilder lying;
  lying.EventOver(8, kEvIpl, AsBytes("quiet ro init=/bin/sh"), AsBytes("kernel_cmdline: quiet ro"));
  EXPECT_EQ(ResultOf(rule, Parse(lying.log())), CheckResult::kFail);
}

TEST(EventRules, Sha1DigestsAreRefused) {
  EventRule rule = Loaders({});
  rule.bank = PcrBank::kSha1;
  rule.digests = {DigestInBank(PcrBank::kSha1, AsBytes("shim"))};
  FirmwareLogBuilder builder({PcrBank::kSha1});
  builder.EventOver(4, kEvEfiBootServicesApplication, AsBytes("shim"), AsBytes("x"));
  EXPECT_EQ(ResultOf(rule, Parse(builder.log())), CheckResult::kFail);
}

CheckResult SecureBoot(Requirement requirement, const Bytes& log) {
  TpmPolicy policy;
  policy.secure_boot = requirement;
  const FirmwareLog parsed = Parse(log);
  return Only(policy, &parsed).result;
}

TEST(SecureBoot, IsReadFromWhatTheFirmwareMeasured) {
  const Bytes good = Boot().log();
  EXPECT_EQ(SecureBoot(Requirement::kRequire, good), CheckResult::kPass);
  EXPECT_EQ(SecureBoot(Requirement::kForbid, good), CheckResult::kFail);
  TpmPolicy policy;
  policy.secure_boot = Requirement::kForbid;
  EXPECT_EQ(Only(policy, nullptr).result, CheckResult::kFail);
}

TEST(SecureBoot, EventsAfterTheSeparatorAreAnybodys) {
  // The firmware measured "off"; the guest extends "on" later and calls the separator by another
  // type in the log that it sends.
  for (uint32_t type : {kEvSeparator, kEvAction}) {
    FirmwareLogBuilder builder;
    builder.Event(7, type, Bytes(4, 0))
        .Event(7, kEvEfiVariableDriverConfig, testing::SecureBootVariable(true))
        .Event(7, kEvSeparator, Bytes(4, 0));
    EXPECT_EQ(SecureBootOf(Parse(builder.log())), std::nullopt) << type;
  }
  // Both before the separator contradict each other.
  FirmwareLogBuilder both;
  both.Event(7, kEvEfiVariableDriverConfig, testing::SecureBootVariable(true))
      .Event(7, kEvEfiVariableDriverConfig, testing::SecureBootVariable(false))
      .Event(7, kEvSeparator, Bytes(4, 0));
  EXPECT_EQ(SecureBootOf(Parse(both.log())), std::nullopt);
  // Data that its digest does not cover, another register, and no separator at all.
  FirmwareLogBuilder uncovered;
  uncovered
      .EventOver(7, kEvEfiVariableDriverConfig, AsBytes("x"), testing::SecureBootVariable(true))
      .Event(7, kEvSeparator, Bytes(4, 0));
  EXPECT_EQ(SecureBootOf(Parse(uncovered.log())), std::nullopt);
  FirmwareLogBuilder elsewhere;
  elsewhere.Event(8, kEvEfiVariableDriverConfig, testing::SecureBootVariable(true))
      .Event(7, kEvSeparator, Bytes(4, 0));
  EXPECT_EQ(SecureBootOf(Parse(elsewhere.log())), std::nullopt);
  FirmwareLogBuilder open;
  open.Event(7, kEvEfiVariableDriverConfig, testing::SecureBootVariable(true));
  EXPECT_EQ(SecureBootOf(Parse(open.log())), std::nullopt);
}

TEST(PcrRules, OneOfTheValuesInABankThatCounts) {
  TpmPolicy policy;
  policy.pcrs = {{kBank, 4, {Bytes(32, 1), Bytes(32, 2)}, Enforcement::kEnforce}};
  const auto result = [&policy](const PcrBankValues& values) {
    CheckList checks;
    ApplyPcrRules(policy, values, checks);
    return checks.checks().at(0).result;
  };
  EXPECT_EQ(result({{kBank, {{4, Bytes(32, 2)}}}}), CheckResult::kPass);
  EXPECT_EQ(result({{kBank, {{4, Bytes(32, 3)}}}}), CheckResult::kFail);
  EXPECT_EQ(result({{kBank, {{5, Bytes(32, 2)}}}}), CheckResult::kFail);
  EXPECT_EQ(result({}), CheckResult::kFail);
  policy.pcrs[0].enforcement = Enforcement::kWarn;
  EXPECT_EQ(result({}), CheckResult::kWarn);
  policy.pcrs[0] = {PcrBank::kSha1, 4, {Bytes(20, 1)}, Enforcement::kEnforce};
  EXPECT_EQ(result({{PcrBank::kSha1, {{4, Bytes(20, 1)}}}}), CheckResult::kFail);
}

}  // namespace
}  // namespace kedge
