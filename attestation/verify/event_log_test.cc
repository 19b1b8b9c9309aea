#include "attestation/verify/event_log.h"

#include <gtest/gtest.h>

#include "attestation/model/measured_event.h"
#include "attestation/parse/testing/firmware_log_builder.h"
#include "attestation/parse/testing/uefi_builder.h"
#include "attestation/verify/log_replay.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FirmwareLogBuilder;

FirmwareLogBuilder Boot() {
  FirmwareLogBuilder builder;
  builder.Event(0, kEvSCrtmVersion, AsBytes("1.0"))
      .Event(7, kEvEfiVariableDriverConfig, testing::SecureBootVariable(true))
      .Event(7, kEvSeparator, Bytes(4, 0))
      .EventOver(4, kEvEfiBootServicesApplication, AsBytes("image"),
                 testing::ImageLoadEvent(testing::FilePath("\\a.efi")))
      .Event(11, kEvIpl, testing::LittleEndianWriter().Wide(".linux").U16(0).Take())
      .Event(5, kEvEfiAction, AsBytes("Exit Boot Services Invocation"))
      .Event(5, kEvEfiAction, AsBytes("Exit Boot Services Returned with Success"));
  return builder;
}

struct Seen {
  Verdict verdict;
  EventLogClaims claims;
};

Seen Check(const Bytes& bytes, const PcrBankValues& values) {
  const StatusOr<FirmwareLog> log = ParseFirmwareLog(bytes);
  EXPECT_OK(log);
  CheckList checks;
  EventLogClaims claims = CheckEventLog(*log, values, checks);
  claims.judgements.clear();  // views into the log
  return {std::move(checks).Take(), std::move(claims)};
}

PcrBankValues ReplayOf(const Bytes& bytes) {
  const StatusOr<FirmwareLog> log = ParseFirmwareLog(bytes);
  PcrBankValues out;
  for (PcrBank bank : log->banks) out[bank] = *ReplayFirmwareLog(*log, bank);
  return out;
}

std::string Failures(const Verdict& verdict) {
  std::string out;
  for (const kedge::Check& check : verdict.checks) {
    if (check.result == CheckResult::kFail) out += check.name + " ";
  }
  return out;
}

TEST(CheckEventLog, BootReplaysAndTellsItsState) {
  const Bytes log = Boot().log();
  const Seen seen = Check(log, ReplayOf(log));
  EXPECT_TRUE(seen.verdict.trusted()) << seen.verdict.FirstFailure();
  EXPECT_EQ(seen.claims.secure_boot, true);
  EXPECT_TRUE(seen.claims.exit_boot_services);
  EXPECT_EQ(seen.claims.replayed, ReplayOf(log));
}

TEST(CheckEventLog, EveryRegisterOfEveryBankMustReplay) {
  const Bytes log = Boot().log();
  for (const auto& [bank, registers] : ReplayOf(log)) {
    for (const auto& [index, value] : registers) {
      PcrBankValues values = ReplayOf(log);
      values[bank][index].back() ^= 1;
      EXPECT_EQ(Failures(Check(log, values).verdict), "LOG_REPLAY ") << index;
    }
  }
}

TEST(CheckEventLog, FirmwareRegistersWithoutEventsMustBeAtTheirStart) {
  const Bytes log = Boot().log();
  PcrBankValues values = ReplayOf(log);
  values[PcrBank::kSha256][3] = Bytes(32, 0);
  values[PcrBank::kSha256][17] = Bytes(32, 0xFF);
  values[PcrBank::kSha256][10] = Bytes(32, 7);  // IMA's
  EXPECT_TRUE(Check(log, values).verdict.trusted());
  values[PcrBank::kSha256][3] = Bytes(32, 7);
  EXPECT_EQ(Failures(Check(log, values).verdict), "LOG_REPLAY ");
  // Registers that the log never mentions are no evidence by themselves.
  EXPECT_EQ(Failures(Check(log, {{PcrBank::kSha256, {{10, Bytes(32, 7)}}}}).verdict),
            "LOG_REPLAY ");
}

TEST(CheckEventLog, BootPhasesGoOnFromThere) {
  const Bytes log = Boot().log();
  PcrBankValues values = ReplayOf(log);
  Bytes& boot = values[PcrBank::kSha256][11];
  boot = ExtendedPcr(PcrBank::kSha256, boot, AsBytes("enter-initrd"));
  const Seen seen = Check(log, values);
  EXPECT_TRUE(seen.verdict.trusted());
  EXPECT_EQ(seen.claims.boot_phase, "enter-initrd");
  boot = ExtendedPcr(PcrBank::kSha256, boot, AsBytes("sysinit"));
  EXPECT_EQ(Failures(Check(log, values).verdict), "LOG_REPLAY ");
}

TEST(CheckEventLog, DataThatIsNotWhatWasMeasuredFails) {
  FirmwareLogBuilder builder = Boot();
  builder.EventOver(5, kEvEfiAction, AsBytes("measured"), AsBytes("shown"));
  const Seen seen = Check(builder.log(), ReplayOf(builder.log()));
  EXPECT_EQ(Failures(seen.verdict), "EVENT_DIGEST ");
}

TEST(CheckEventLog, Sha1AloneSatisfiesNothing) {
  FirmwareLogBuilder builder({PcrBank::kSha1});
  builder.Event(7, kEvSeparator, Bytes(4, 0));
  EXPECT_EQ(Failures(Check(builder.log(), ReplayOf(builder.log())).verdict), "SHA1_BANK ");
  // Also where the log has a better bank, but no value of it is known.
  FirmwareLogBuilder both({PcrBank::kSha1, PcrBank::kSha256});
  both.Event(7, kEvSeparator, Bytes(4, 0));
  PcrBankValues values = ReplayOf(both.log());
  EXPECT_TRUE(Check(both.log(), values).verdict.trusted());
  values.erase(PcrBank::kSha256);
  EXPECT_EQ(Failures(Check(both.log(), values).verdict), "SHA1_BANK ");
}

TEST(CheckEventLog, LoaderWithoutHandOverIsSaid) {
  FirmwareLogBuilder builder;
  builder.EventOver(4, kEvEfiBootServicesApplication, AsBytes("image"),
                    testing::ImageLoadEvent(testing::FilePath("\\a.efi")));
  const Seen seen = Check(builder.log(), ReplayOf(builder.log()));
  EXPECT_TRUE(seen.verdict.trusted());
  EXPECT_EQ(seen.verdict.checks.back().name, "EXIT_BOOT");
  EXPECT_EQ(seen.verdict.checks.back().result, CheckResult::kWarn);
}

EventJudgement Judge(uint32_t type, const Bytes& hashed, const Bytes& data) {
  static FirmwareEvent event;  // outlives the view in the judgement
  event = {};
  event.type = type;
  event.data = data;
  event.digests[PcrBank::kSha256] = DigestInBank(PcrBank::kSha256, hashed);
  event.digests[PcrBank::kSha384] = DigestInBank(PcrBank::kSha384, hashed);
  return JudgeEvent(event);
}

TEST(JudgeEvent, KnowsTheConventionsOfLoaders) {
  using testing::LittleEndianWriter;
  const auto text = [](std::string_view s) { return ToBytes(s); };
  const Bytes wide = LittleEndianWriter().Wide(".linux").U16(0).Take();
  const auto grub = Judge(kEvIpl, text("set x"), text({"grub_cmd: set x\0", 16}));
  EXPECT_EQ(grub.trust, EventTrust::kVerified);
  EXPECT_EQ(AsText(grub.covered), "set x");
  EXPECT_EQ(Judge(kEvIpl, text({".linux\0", 7}), wide).trust, EventTrust::kVerified);
  EXPECT_EQ(Judge(kEvIpl, wide, wide).trust, EventTrust::kVerified);
  EXPECT_EQ(Judge(kEvIpl, text("kernel image"), wide).trust, EventTrust::kUnverified);
  EXPECT_EQ(Judge(kEvIpl, text("file"), text("/boot/grub.cfg")).trust, EventTrust::kUnverified);
  const Bytes tagged = LittleEndianWriter().U32(7).U32(3).Text("abc").Take();
  EXPECT_EQ(Judge(kEvEventTag, text("abc"), tagged).trust, EventTrust::kVerified);
  EXPECT_EQ(Judge(kEvEventTag, text("other"), tagged).trust, EventTrust::kUnverified);
  const Bytes authority = testing::VariableData(testing::ImageSecurityGuid(), "db", text("abc"));
  const Bytes shorter(authority.begin(), authority.end() - 1);
  for (const Bytes& hashed : {authority, shorter, text("abc")}) {
    EXPECT_EQ(Judge(kEvEfiVariableAuthority, hashed, authority).trust, EventTrust::kVerified);
  }
  EXPECT_EQ(Judge(kEvEfiVariableAuthority, text("x"), authority).trust, EventTrust::kUnverified);
  EXPECT_EQ(Judge(kEvNoAction, text("x"), text("x")).trust, EventTrust::kUnverified);
  EXPECT_EQ(Judge(kEvSeparator, Bytes(4, 0), Bytes(4, 1)).trust, EventTrust::kMismatch);
}

TEST(JudgeEvent, OneBankThatDiffersIsEnough) {
  FirmwareEvent event;
  event.type = kEvEfiAction;
  event.data = ToBytes(std::string_view("x"));
  event.digests[PcrBank::kSha256] = DigestInBank(PcrBank::kSha256, event.data);
  event.digests[PcrBank::kSha384] = Bytes(48, 0);
  EXPECT_EQ(JudgeEvent(event).trust, EventTrust::kMismatch);
}

}  // namespace
}  // namespace kedge
