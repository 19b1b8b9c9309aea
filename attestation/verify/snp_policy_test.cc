#include "attestation/verify/snp_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/verify/testing/snp_world.h"

namespace kedge {
namespace {

using ::testing::ElementsAre;
using testing::FailedNames;
using ::testing::IsEmpty;
using testing::SnpWorld;
namespace at = testing::snp_offset;
using Set = PolicyField<std::vector<Bytes>>;

class SnpPolicyTest : public ::testing::Test {
 protected:
  SnpPolicyTest() : policy_(world_.Policy()) {}
  std::vector<std::string> Failed() { return FailedNames(world_.Verify(policy_).verdict); }

  SnpWorld world_;
  SnpPolicy policy_;
};

TEST_F(SnpPolicyTest, SetsAcceptAnyOfTheirValuesAndEmptyOnesNothing) {
  struct Row {
    Set SnpPolicy::*field;
    size_t offset;
    size_t size;
    const char* name;
  };
  for (const Row& row : {Row{&SnpPolicy::measurement, at::kMeasurement, 48, "MEASUREMENT"},
                         Row{&SnpPolicy::host_data, at::kHostData, 32, "HOST_DATA"},
                         Row{&SnpPolicy::report_data, at::kReportData, 64, "REPORT_DATA"},
                         Row{&SnpPolicy::id_key_digest, at::kIdKeyDigest, 48, "ID_KEY"},
                         Row{&SnpPolicy::author_key_digest, at::kAuthorKeyDigest, 48, "AUTHOR_KEY"},
                         Row{&SnpPolicy::family_id, at::kFamilyId, 16, "FAMILY_ID"},
                         Row{&SnpPolicy::image_id, at::kImageId, 16, "IMAGE_ID"},
                         Row{&SnpPolicy::report_id, at::kReportId, 32, "REPORT_ID"},
                         Row{&SnpPolicy::report_id_ma, at::kReportIdMa, 32, "REPORT_ID"}}) {
    const Bytes value(row.size, 0x5A);
    world_.Put(row.offset, value);
    policy_.*row.field = Set::Enforce({Bytes(row.size, 1), value});
    EXPECT_THAT(Failed(), IsEmpty()) << row.name;
    policy_.*row.field = Set::Enforce({Bytes(row.size, 1)});
    EXPECT_THAT(Failed(), ElementsAre(row.name));
    policy_.*row.field = Set::Enforce({});
    EXPECT_THAT(Failed(), ElementsAre(row.name));
    policy_.*row.field = Set::Warn({}, "the test");
    EXPECT_THAT(Failed(), IsEmpty()) << row.name;
    policy_.*row.field = {};
    EXPECT_THAT(Failed(), ElementsAre(row.name));
    policy_.*row.field = Set::Skip("the test");
  }
}

TEST_F(SnpPolicyTest, FloorsHoldForEveryComponent) {
  for (auto field : {&SnpPolicy::minimum_reported_tcb, &SnpPolicy::minimum_committed_tcb,
                     &SnpPolicy::minimum_launch_tcb}) {
    // The world's TCB is bl 4, tee 0, snp 24, ucode 217.
    const auto failed = [&](const SnpTcb& floor) {
      policy_.*field = PolicyField<SnpTcbFloors>::Enforce({{SnpProduct::kGenoa, floor}});
      return Failed();
    };
    EXPECT_THAT(failed({.bootloader = 4, .tee = 0, .snp = 24, .microcode = 217}), IsEmpty());
    EXPECT_THAT(failed({.bootloader = 5}), ElementsAre("TCB_MINIMUM"));
    EXPECT_THAT(failed({.tee = 1}), ElementsAre("TCB_MINIMUM"));
    EXPECT_THAT(failed({.snp = 25}), ElementsAre("TCB_MINIMUM"));
    EXPECT_THAT(failed({.microcode = 218}), ElementsAre("TCB_MINIMUM"));
    EXPECT_THAT(failed({.fmc = 1}), ElementsAre("TCB_MINIMUM"));
    policy_.*field = PolicyField<SnpTcbFloors>::Enforce({{SnpProduct::kMilan, {}}});
    EXPECT_THAT(Failed(), ElementsAre("TCB_MINIMUM"));
    policy_.*field = PolicyField<SnpTcbFloors>::Skip("the test");
  }
}

TEST_F(SnpPolicyTest, DefaultFloorsAreThoseOfCve2024_56161) {
  const SnpTcbFloors floors = DefaultSnpPolicy().minimum_reported_tcb.value();
  EXPECT_EQ(floors.at(SnpProduct::kMilan).snp, 0x18);
  EXPECT_EQ(floors.at(SnpProduct::kGenoa).snp, 0x17);
  EXPECT_EQ(floors.count(SnpProduct::kTurin), 1u);
}

TEST_F(SnpPolicyTest, FirmwareNeverRunsBelowWhatItCommittedTo) {
  world_.Put(at::kCurrentVersion, Bytes{39, 55, 1});
  EXPECT_THAT(Failed(), ElementsAre("TCB_ROLLBACK"));
  world_.Put(at::kCurrentVersion, Bytes{40, 55, 1});
  world_.report()[at::kCurrentTcb + 6] -= 1;
  EXPECT_THAT(Failed(), ElementsAre("TCB_ROLLBACK"));
}

TEST_F(SnpPolicyTest, MinimumsOfFirmwareSvnAndMitigations) {
  policy_.minimum_firmware = PolicyField<SnpFirmwareVersion>::Enforce({1, 55, 40});
  EXPECT_THAT(Failed(), IsEmpty());
  policy_.minimum_firmware = PolicyField<SnpFirmwareVersion>::Enforce({1, 56, 0});
  EXPECT_THAT(Failed(), ElementsAre("FIRMWARE_VERSION"));
  policy_.minimum_firmware = PolicyField<SnpFirmwareVersion>::Skip("the test");
  policy_.minimum_guest_svn = PolicyField<uint32_t>::Enforce(1);
  EXPECT_THAT(Failed(), ElementsAre("GUEST_SVN"));
  world_.report()[at::kGuestSvn] = 1;
  EXPECT_THAT(Failed(), IsEmpty());
  policy_.mitigations = PolicyField<SnpMitigations>::Enforce({.launch = 0x3, .current = 0x1});
  EXPECT_THAT(Failed(), ElementsAre("MITIGATION"));
  world_.report()[at::kLaunchMitigation] = 0x3;
  world_.report()[at::kCurrentMitigation] = 0x5;
  EXPECT_THAT(Failed(), IsEmpty());
  world_.report()[at::kVersion] = 3;
  EXPECT_THAT(Failed(), ElementsAre("MITIGATION"));
}

TEST_F(SnpPolicyTest, EveryBitCanBeRequiredAndForbidden) {
  struct Row {
    FlagRule* rule;
    size_t byte;
    int bit;
    const char* name;
  };
  SnpGuestPolicyRules& guest = policy_.guest_policy;
  SnpPlatformRules& platform = policy_.platform;
  for (const Row& row :
       {Row{&guest.smt, at::kPolicy + 2, 0, "GUEST_POLICY"},
        Row{&guest.migrate_ma, at::kPolicy + 2, 2, "GUEST_POLICY"},
        Row{&guest.debug, at::kPolicy + 2, 3, "DEBUG_POLICY"},
        Row{&guest.single_socket, at::kPolicy + 2, 4, "GUEST_POLICY"},
        Row{&guest.cxl, at::kPolicy + 2, 5, "GUEST_POLICY"},
        Row{&guest.mem_aes_256_xts, at::kPolicy + 2, 6, "GUEST_POLICY"},
        Row{&guest.rapl_disabled, at::kPolicy + 2, 7, "GUEST_POLICY"},
        Row{&guest.ciphertext_hiding_dram, at::kPolicy + 3, 0, "GUEST_POLICY"},
        Row{&guest.page_swap_disabled, at::kPolicy + 3, 1, "GUEST_POLICY"},
        Row{&guest.unknown_bits, at::kPolicy + 7, 7, "GUEST_POLICY"},
        Row{&platform.smt, at::kPlatformInfo, 0, "PLATFORM_INFO"},
        Row{&platform.tsme, at::kPlatformInfo, 1, "PLATFORM_INFO"},
        Row{&platform.ecc, at::kPlatformInfo, 2, "PLATFORM_INFO"},
        Row{&platform.rapl_disabled, at::kPlatformInfo, 3, "PLATFORM_INFO"},
        Row{&platform.ciphertext_hiding_dram, at::kPlatformInfo, 4, "PLATFORM_INFO"},
        Row{&platform.alias_check_complete, at::kPlatformInfo, 5, "PLATFORM_INFO"},
        Row{&platform.tio, at::kPlatformInfo, 7, "PLATFORM_INFO"},
        Row{&policy_.author_key_en, at::kFlags, 0, "AUTHOR_KEY"},
        Row{&policy_.mask_chip_key, at::kFlags, 1, "MASK_CHIP_KEY"}}) {
    const FlagRule before = *row.rule;
    uint8_t& byte = world_.report()[row.byte];
    const uint8_t original = byte;
    byte = static_cast<uint8_t>(original | (1 << row.bit));
    *row.rule = FlagRule::kRequire;
    EXPECT_THAT(Failed(), IsEmpty()) << row.name << row.bit;
    *row.rule = FlagRule::kForbid;
    EXPECT_THAT(Failed(), ElementsAre(row.name)) << row.bit;
    *row.rule = FlagRule::kAllow;
    EXPECT_THAT(Failed(), IsEmpty()) << row.name << row.bit;
    byte = static_cast<uint8_t>(original & ~(1 << row.bit));
    *row.rule = FlagRule::kRequire;
    EXPECT_THAT(Failed(), ElementsAre(row.name)) << row.bit;
    *row.rule = FlagRule::kForbid;
    EXPECT_THAT(Failed(), IsEmpty()) << row.name << row.bit;
    *row.rule = FlagRule::kUnset;
    EXPECT_THAT(Failed(), ElementsAre(row.name)) << row.bit;
    *row.rule = before;
    byte = original;
  }
}

TEST_F(SnpPolicyTest, AliasCheckIsRequiredWhereFirmwareReportsIt) {
  policy_.platform.alias_check_complete = FlagRule::kRequireWhereStated;
  EXPECT_THAT(Failed(), IsEmpty());
  world_.Put64(at::kPlatformInfo, 0x05);
  EXPECT_THAT(Failed(), ElementsAre("PLATFORM_INFO"));
  world_.report()[at::kVersion] = 2;
  EXPECT_THAT(Failed(), IsEmpty());
  policy_.platform.alias_check_complete = FlagRule::kRequire;
  EXPECT_THAT(Failed(), ElementsAre("PLATFORM_INFO"));
}

TEST_F(SnpPolicyTest, VmplIsOneOfASet) {
  policy_.vmpl = PolicyField<std::set<uint32_t>>::Enforce({0, 1});
  world_.report()[at::kVmpl] = 1;
  EXPECT_THAT(Failed(), IsEmpty());
  world_.report()[at::kVmpl] = 2;
  EXPECT_THAT(Failed(), ElementsAre("VMPL"));
}

TEST_F(SnpPolicyTest, ProductsHaveAStanding) {
  using Products = PolicyField<std::map<SnpProduct, SnpProductRule>>;
  policy_.products = Products::Enforce({{SnpProduct::kGenoa, {ProductTrust::kTrusted, ""}}});
  EXPECT_THAT(Failed(), IsEmpty());
  policy_.products = Products::Enforce({{SnpProduct::kGenoa, {ProductTrust::kDenied, "why"}}});
  EXPECT_THAT(Failed(), ElementsAre("PRODUCT_TRUST"));
  policy_.products = Products::Enforce({});
  EXPECT_THAT(Failed(), ElementsAre("PRODUCT_TRUST"));
  policy_.products = Products::Enforce({{SnpProduct::kGenoa, {ProductTrust::kDegraded, "why"}}});
  const SnpAppraisal degraded = world_.Verify(policy_);
  EXPECT_TRUE(degraded.verdict.trusted());
  EXPECT_EQ(degraded.claims->trust, ProductTrust::kDegraded);
  EXPECT_EQ(degraded.verdict.checks.back().result, CheckResult::kWarn);
}

TEST_F(SnpPolicyTest, ChipsAreAllowedAndDenied) {
  const Bytes chip(world_.report().begin() + at::kChipId,
                   world_.report().begin() + at::kChipId + 64);
  policy_.allowed_chip_ids = Set::Enforce({chip});
  EXPECT_THAT(Failed(), IsEmpty());
  policy_.denied_chip_ids = Set::Enforce({chip});
  EXPECT_THAT(Failed(), ElementsAre("CHIP_ID"));
  policy_.denied_chip_ids = Set::Enforce({});
  policy_.allowed_chip_ids = Set::Enforce({Bytes(64, 9)});
  EXPECT_THAT(Failed(), ElementsAre("CHIP_ID"));
}

TEST_F(SnpPolicyTest, ProvidersAreNamed) {
  world_.UseVlek();
  policy_.csp_ids = PolicyField<std::vector<std::string>>::Enforce({"CN=cc-test.example"});
  EXPECT_THAT(Failed(), IsEmpty());
  policy_.csp_ids = PolicyField<std::vector<std::string>>::Enforce({"CN=other"});
  EXPECT_THAT(Failed(), ElementsAre("CSP_ID"));
  policy_.csp_ids = {};
  EXPECT_THAT(Failed(), ElementsAre("CSP_ID"));
}

TEST_F(SnpPolicyTest, SkippedRowsSayWhoAllowedIt) {
  size_t skipped = 0;
  for (const Check& check : world_.Verify(policy_).verdict.checks) {
    if (check.result != CheckResult::kSkipped) continue;
    ++skipped;
    EXPECT_EQ(check.reason, "the test");
  }
  EXPECT_GE(skipped, 18u);
}

}  // namespace
}  // namespace kedge
