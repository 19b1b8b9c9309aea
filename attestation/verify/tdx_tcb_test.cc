#include "attestation/verify/tdx_tcb.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

using ::testing::ElementsAre;

const absl::Time kDate = absl::FromUnixSeconds(1'740'000'000);

TcbLevel Level(uint8_t sgx, uint16_t pce, ByteArray<16> tdx, TcbStatus status,
               std::vector<std::string> advisories = {}) {
  TcbLevel out;
  out.sgx.svns.fill(sgx);
  out.pce_svn = pce;
  out.tdx.svns = tdx;
  out.date = kDate;
  out.status = status;
  out.advisory_ids = std::move(advisories);
  return out;
}

struct Platform {
  TdReportBody td;
  PckTcb pck;
  TcbInfo info;
  QeIdentity qe;
  uint16_t qe_svn = 6;

  Platform() {
    td.tee_tcb_svn = {5, 1, 3};
    pck.component_svns.fill(3);
    pck.pce_svn = 11;
    info.id = "TDX";
    info.levels = {Level(3, 11, {5, 0, 3}, TcbStatus::kUpToDate),
                   Level(2, 5, {3, 0, 3}, TcbStatus::kOutOfDate, {"SA-2"})};
    info.module_identities = {
        {"TDX_01",
         1,
         {},
         {{5, kDate, TcbStatus::kUpToDate, {}}, {2, kDate, TcbStatus::kOutOfDate, {"SA-1"}}}}};
    qe.levels = {{6, kDate, TcbStatus::kUpToDate, {}}, {4, kDate, TcbStatus::kOutOfDate, {"SA-3"}}};
  }
  TdxTcbFindings Find() const { return FindTdxTcb(td, pck, qe_svn, info, &qe); }
};

TEST(FindTdxTcb, EveryPartAtItsBestIsUpToDate) {
  const TdxTcbFindings found = Platform().Find();
  EXPECT_EQ(found.platform.status, TcbStatus::kUpToDate);
  ASSERT_TRUE(found.module && found.qe);
  EXPECT_EQ(found.module->status, TcbStatus::kUpToDate);
  EXPECT_EQ(found.qe->status, TcbStatus::kUpToDate);
  EXPECT_EQ(found.converged, TcbStatus::kUpToDate);
  EXPECT_TRUE(found.platform.gaps.empty());
}

TEST(FindTdxTcb, AnyComponentBelowALevelMissesIt) {
  for (size_t i = 0; i < 16; ++i) {
    Platform platform;
    platform.pck.component_svns[i] = 2;
    EXPECT_EQ(platform.Find().platform.status, TcbStatus::kOutOfDate) << i;
    platform.pck.component_svns[i] = 1;
    EXPECT_EQ(platform.Find().platform.status, TcbStatus::kNotSupported) << i;
  }
  Platform platform;
  platform.pck.pce_svn = 10;
  EXPECT_EQ(platform.Find().platform.status, TcbStatus::kOutOfDate);
  EXPECT_THAT(platform.Find().platform.gaps, ElementsAre("PCE SVN is 10, needs 11"));
  for (size_t i = 2; i < 16; ++i) {
    Platform other;
    other.info.levels[0].tdx.svns[i] = 9;
    EXPECT_EQ(other.Find().platform.status, TcbStatus::kOutOfDate) << i;
  }
}

// From module version 1 on, the first two SVNs belong to the module's own identity.
TEST(FindTdxTcb, ModuleVersionDecidesWhoJudgesTheFirstSvns) {
  Platform platform;
  platform.info.levels[0].tdx.svns = {9, 9, 3};
  EXPECT_EQ(platform.Find().platform.status, TcbStatus::kUpToDate);
  platform.td.tee_tcb_svn = {4, 0, 3};
  EXPECT_EQ(platform.Find().platform.status, TcbStatus::kOutOfDate);
  EXPECT_FALSE(platform.Find().module);
  platform.td.tee_tcb_svn = {2, 0, 3};
  EXPECT_EQ(platform.Find().platform.status, TcbStatus::kNotSupported);
}

TEST(FindTdxTcb, UnknownModuleVersionIsNotSupported) {
  Platform platform;
  platform.td.tee_tcb_svn[1] = 3;
  const TdxTcbFindings found = platform.Find();
  ASSERT_TRUE(found.module);
  EXPECT_EQ(found.module->status, TcbStatus::kNotSupported);
  EXPECT_EQ(found.converged, TcbStatus::kNotSupported);
}

TEST(FindTdxTcb, TheWorstPartCounts) {
  Platform platform;
  platform.td.tee_tcb_svn[0] = 4;
  EXPECT_EQ(platform.Find().module->status, TcbStatus::kOutOfDate);
  EXPECT_EQ(platform.Find().converged, TcbStatus::kOutOfDate);
  EXPECT_THAT(platform.Find().advisory_ids, ElementsAre("SA-1"));
  platform.info.levels[0].status = TcbStatus::kConfigurationNeeded;
  EXPECT_EQ(platform.Find().converged, TcbStatus::kOutOfDateConfigurationNeeded);
  platform.qe_svn = 5;
  EXPECT_THAT(platform.Find().advisory_ids, ElementsAre("SA-1", "SA-3"));
  platform.qe_svn = 3;
  EXPECT_EQ(platform.Find().converged, TcbStatus::kNotSupported);
  platform.info.module_identities[0].levels[1].status = TcbStatus::kRevoked;
  EXPECT_EQ(platform.Find().converged, TcbStatus::kRevoked);
}

TEST(FindTdxTcb, RelaunchIsAdvisedWhereOnlyTheLaunchIsOld) {
  Platform platform;
  platform.td.tee_tcb_svn = {4, 1, 3};
  platform.td.tee_tcb_svn2 = {5, 1, 3};
  EXPECT_EQ(platform.Find().converged, TcbStatus::kRelaunchAdvised);
  platform.info.levels[0].status = TcbStatus::kConfigurationNeeded;
  EXPECT_EQ(platform.Find().converged, TcbStatus::kRelaunchAdvisedConfigurationNeeded);
  platform.info.levels[0].status = TcbStatus::kUpToDate;

  Platform old_module = platform;
  old_module.td.tee_tcb_svn2 = {4, 1, 3};
  EXPECT_EQ(old_module.Find().converged, TcbStatus::kOutOfDate);
  Platform old_microcode = platform;
  old_microcode.info.levels[0].tdx.svns[2] = 4;
  EXPECT_EQ(old_microcode.Find().converged, TcbStatus::kOutOfDate);
  Platform old_qe = platform;
  old_qe.qe_svn = 5;
  EXPECT_EQ(old_qe.Find().converged, TcbStatus::kOutOfDate);
  Platform old_processor = platform;
  old_processor.pck.component_svns[0] = 2;
  EXPECT_EQ(old_processor.Find().converged, TcbStatus::kOutOfDate);
  Platform unknown_module = platform;
  unknown_module.td.tee_tcb_svn2 = {9, 7, 3};
  EXPECT_EQ(unknown_module.Find().converged, TcbStatus::kOutOfDate);
  Platform tdx10 = platform;
  tdx10.td.tee_tcb_svn2.reset();
  EXPECT_EQ(tdx10.Find().converged, TcbStatus::kOutOfDate);
}

TEST(CombineTcbStatus, IsTheWorse) {
  using enum TcbStatus;
  const struct {
    TcbStatus a, b, both;
  } cases[] = {{kUpToDate, kUpToDate, kUpToDate},
               {kUpToDate, kOutOfDate, kOutOfDate},
               {kSwHardeningNeeded, kUpToDate, kSwHardeningNeeded},
               {kSwHardeningNeeded, kOutOfDate, kOutOfDate},
               {kSwHardeningNeeded, kConfigurationNeeded, kConfigurationAndSwHardeningNeeded},
               {kConfigurationNeeded, kOutOfDate, kOutOfDateConfigurationNeeded},
               {kConfigurationAndSwHardeningNeeded, kOutOfDate, kOutOfDateConfigurationNeeded},
               {kOutOfDateConfigurationNeeded, kUpToDate, kOutOfDateConfigurationNeeded},
               {kOutOfDate, kNotSupported, kNotSupported},
               {kRevoked, kUpToDate, kRevoked},
               {kNotSupported, kRevoked, kRevoked},
               {kRelaunchAdvised, kUpToDate, kRelaunchAdvised},
               {kRelaunchAdvised, kOutOfDate, kOutOfDate}};
  for (const auto& test : cases) {
    EXPECT_EQ(CombineTcbStatus(test.a, test.b), test.both)
        << ToString(test.a) << " " << ToString(test.b);
  }
}

}  // namespace
}  // namespace kedge
