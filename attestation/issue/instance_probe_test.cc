#include "attestation/issue/instance_probe.h"

#include <gtest/gtest.h>

#include <fstream>

#include "attestation/issue/testing/tsm_mount.h"
#include "attestation/model/testing/fake_tpm.h"
#include "attestation/parse/testing/hcl_builder.h"
#include "base/status_matchers.h"
#include "crypto/system_random.h"

namespace kedge {
namespace {

using testing::FakeTpm;
using testing::HclBytes;
using testing::TestTpmCa;
using testing::TsmMount;

class InstanceProbeTest : public ::testing::Test {
 protected:
  InstanceProbeTest() {
    const std::string nowhere = ::testing::TempDir() + "kedge-probe-nowhere";
    paths_ = {.tsm_folder = nowhere,
              .sev_guest = nowhere,
              .tdx_guest = nowhere,
              .system_vendor = ::testing::TempDir() + "kedge-probe-vendor"};
    std::ofstream(paths_.system_vendor) << "Amazon EC2 \n";
  }

  StatusOr<Instance> Probe() {
    ASSIGN_OR_RETURN(const ReportSource source, OpenReportSource(paths_, random_));
    ASSIGN_OR_RETURN(const InstanceFacts facts, ProbeInstance(source, tpm_, paths_));
    return ClassifyInstance(facts);
  }
  void MountTsm(const std::string& provider, bool services) {
    testing::TsmMountOptions options;
    options.provider = provider;
    options.has_services = services;
    auto mount = TsmMount::Create(options);
    if (!mount.ok()) GTEST_SKIP() << "NO FUSE HERE, NOTHING IS TESTED: " << mount.status();
    mount_ = *std::move(mount);
    paths_.tsm_folder = mount_->folder();
  }

  SystemRandom random_;
  TestTpmCa ca_;
  FakeTpm tpm_{ca_};
  HardwarePaths paths_;
  std::unique_ptr<TsmMount> mount_;
};

TEST_F(InstanceProbeTest, TpmAlone) {
  ASSERT_OK_AND_ASSIGN(const Instance instance, Probe());
  EXPECT_EQ(instance.kind, InstanceKind::kTpmOnly);
  EXPECT_TRUE(instance.tpm);
}

TEST_F(InstanceProbeTest, NothingAtAll) {
  tpm_.FailAfter(0);
  EXPECT_THAT(Probe(), HasFault("NO_EVIDENCE"));
}

TEST_F(InstanceProbeTest, SnpThroughConfigfs) {
  MountTsm("sev_guest", false);
  if (IsSkipped()) return;
  ASSERT_OK_AND_ASSIGN(const Instance aws, Probe());
  EXPECT_EQ(aws.kind, InstanceKind::kAws);
  tpm_.FailAfter(0);
  ASSERT_OK_AND_ASSIGN(const Instance bare, Probe());
  EXPECT_EQ(bare.kind, InstanceKind::kSnp);
  EXPECT_FALSE(bare.tpm);
}

TEST_F(InstanceProbeTest, SvsmThroughConfigfs) {
  MountTsm("sev_guest", true);
  if (IsSkipped()) return;
  ASSERT_OK_AND_ASSIGN(const Instance instance, Probe());
  EXPECT_EQ(instance.kind, InstanceKind::kSvsm);
}

TEST_F(InstanceProbeTest, TdxThroughConfigfs) {
  MountTsm("tdx_guest", false);
  if (IsSkipped()) return;
  ASSERT_OK_AND_ASSIGN(const Instance instance, Probe());
  EXPECT_EQ(instance.kind, InstanceKind::kTdx);
}

TEST_F(InstanceProbeTest, ProviderThatNobodyKnows) {
  MountTsm("arm_cca_guest", false);
  if (IsSkipped()) return;
  EXPECT_THAT(Probe(), HasFault("TEE_UNKNOWN"));
}

TEST_F(InstanceProbeTest, DevicesWhereThereIsNoConfigfs) {
  paths_.sev_guest = "/dev/null";
  ASSERT_OK_AND_ASSIGN(const ReportSource snp, OpenReportSource(paths_, random_));
  EXPECT_EQ(snp.tee, Tee::kSnp);
  paths_.tdx_guest = std::exchange(paths_.sev_guest, paths_.tsm_folder);
  ASSERT_OK_AND_ASSIGN(const ReportSource tdx, OpenReportSource(paths_, random_));
  EXPECT_EQ(tdx.tee, Tee::kTdx);
  // A device that cannot be asked is not the same as none.
  paths_.tdx_guest = ::testing::TempDir();
  EXPECT_THAT(OpenReportSource(paths_, random_), HasFault("TSM_NOT_AVAILABLE"));
}

TEST_F(InstanceProbeTest, WhatTheTpmHolds) {
  tpm_.SetNv(kHclReportNvIndex, ToBytes("somebody else's"));
  ASSERT_OK_AND_ASSIGN(const Instance plain, Probe());
  EXPECT_EQ(plain.kind, InstanceKind::kTpmOnly);
  tpm_.SetNv(kHclReportNvIndex, HclBytes({.report_type = 4, .hardware_report = Bytes(1184, 0)}));
  ASSERT_OK_AND_ASSIGN(const Instance tdx, Probe());
  EXPECT_EQ(tdx.kind, InstanceKind::kAzureTdx);
  tpm_.SetNv(kHclReportNvIndex, HclBytes({.report_type = 2}));
  ASSERT_OK_AND_ASSIGN(const Instance snp, Probe());
  EXPECT_EQ(snp.kind, InstanceKind::kAzureSnp);
  EXPECT_EQ(snp.tee, Tee::kSnp);
}

TEST_F(InstanceProbeTest, GooglesAk) {
  std::ofstream(paths_.system_vendor) << "Google\n";
  tpm_.SetNv(kGoogleRsaAkCertificateNvIndex, ToBytes("certificate"));
  ASSERT_OK_AND_ASSIGN(const Instance instance, Probe());
  EXPECT_EQ(instance.kind, InstanceKind::kGcp);
}

}  // namespace
}  // namespace kedge
