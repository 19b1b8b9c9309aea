#include "attestation/issue/instance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

using ::testing::HasSubstr;

constexpr InstanceKind kEveryKind[] = {
    InstanceKind::kSnp, InstanceKind::kTdx, InstanceKind::kAzureSnp, InstanceKind::kAzureTdx,
    InstanceKind::kGcp, InstanceKind::kAws, InstanceKind::kSvsm,     InstanceKind::kTpmOnly};

InstanceFacts Facts(Tee tee, bool tpm, const std::string& vendor = "QEMU") {
  InstanceFacts out;
  out.tee = tee;
  out.tpm = tpm;
  out.system_vendor = vendor;
  return out;
}
InstanceFacts WithHcl(InstanceFacts facts, Tee hcl) {
  facts.hcl_report = hcl;
  return facts;
}
InstanceFacts WithGoogleAk(InstanceFacts facts) {
  facts.google_ak = true;
  return facts;
}
InstanceFacts WithSvsm(InstanceFacts facts) {
  facts.svsm_services = true;
  return facts;
}

struct Row {
  std::string name;
  InstanceFacts facts;
  InstanceKind kind;
  Tee tee;
};

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {"bare SNP", Facts(Tee::kSnp, false), InstanceKind::kSnp, Tee::kSnp},
      {"SNP and the host's TPM", Facts(Tee::kSnp, true), InstanceKind::kSnp, Tee::kSnp},
      {"bare TDX", Facts(Tee::kTdx, false), InstanceKind::kTdx, Tee::kTdx},
      {"TDX and the host's TPM", Facts(Tee::kTdx, true), InstanceKind::kTdx, Tee::kTdx},
      {"TPM alone", Facts(Tee::kNone, true), InstanceKind::kTpmOnly, Tee::kNone},
      {"Azure SNP", WithHcl(Facts(Tee::kNone, true, "Microsoft Corporation"), Tee::kSnp),
       InstanceKind::kAzureSnp, Tee::kSnp},
      {"Azure TDX, where the kernel has the driver as well",
       WithHcl(Facts(Tee::kTdx, true, "Microsoft Corporation"), Tee::kTdx), InstanceKind::kAzureTdx,
       Tee::kTdx},
      {"a vendor that claims Azure without a report",
       Facts(Tee::kNone, true, "Microsoft Corporation"), InstanceKind::kTpmOnly, Tee::kNone},
      {"GCP SNP", WithGoogleAk(Facts(Tee::kSnp, true, "Google")), InstanceKind::kGcp, Tee::kSnp},
      {"GCP TDX", WithGoogleAk(Facts(Tee::kTdx, true, "Google")), InstanceKind::kGcp, Tee::kTdx},
      {"GCP shielded VM", WithGoogleAk(Facts(Tee::kNone, true, "Google")), InstanceKind::kGcp,
       Tee::kNone},
      {"Google's name without its AK", Facts(Tee::kSnp, true, "Google"), InstanceKind::kSnp,
       Tee::kSnp},
      {"an AK certificate of whoever", WithGoogleAk(Facts(Tee::kSnp, true)), InstanceKind::kSnp,
       Tee::kSnp},
      {"EC2 SNP", Facts(Tee::kSnp, true, "Amazon EC2"), InstanceKind::kAws, Tee::kSnp},
      {"EC2 SNP without a TPM", Facts(Tee::kSnp, false, "Amazon EC2"), InstanceKind::kSnp,
       Tee::kSnp},
      {"EC2 NitroTPM alone", Facts(Tee::kNone, true, "Amazon EC2"), InstanceKind::kTpmOnly,
       Tee::kNone},
      {"SVSM", WithSvsm(Facts(Tee::kSnp, true)), InstanceKind::kSvsm, Tee::kSnp},
      {"SVSM without a vTPM", WithSvsm(Facts(Tee::kSnp, false)), InstanceKind::kSnp, Tee::kSnp},
      {"Azure wins over what lies below it", WithSvsm(WithHcl(Facts(Tee::kSnp, true), Tee::kSnp)),
       InstanceKind::kAzureSnp, Tee::kSnp},
  };
  return rows;
}

TEST(Instance, EachMachineIsWhatItIs) {
  for (const Row& row : Rows()) {
    ASSERT_OK_AND_ASSIGN(const Instance instance, ClassifyInstance(row.facts));
    EXPECT_EQ(instance.kind, row.kind) << row.name << ": " << Describe(instance);
    EXPECT_EQ(instance.tee, row.tee) << row.name;
    EXPECT_EQ(instance.tpm, row.facts.tpm) << row.name;
    EXPECT_FALSE(instance.reason.empty()) << row.name;
  }
}

TEST(Instance, NothingToShowIsAnError) {
  EXPECT_THAT(ClassifyInstance(Facts(Tee::kNone, false, "Google")), HasFault("NO_EVIDENCE"));
}

// What is found can be found by its name too, and reported as told.
TEST(Instance, KindCanBeNamed) {
  for (const Row& row : Rows()) {
    ASSERT_OK_AND_ASSIGN(const Instance instance, ClassifyInstance(row.facts, row.kind));
    EXPECT_EQ(instance.kind, row.kind) << row.name;
    EXPECT_EQ(instance.tee, row.tee) << row.name;
    EXPECT_THAT(Describe(instance), HasSubstr("as told")) << row.name;
  }
  // Less than there is, or where SMBIOS says nothing useful.
  ASSERT_OK_AND_ASSIGN(const Instance tpm,
                       ClassifyInstance(Facts(Tee::kSnp, true), InstanceKind::kTpmOnly));
  EXPECT_EQ(tpm.tee, Tee::kNone);
  EXPECT_OK(ClassifyInstance(Facts(Tee::kSnp, true), InstanceKind::kAws));
  EXPECT_OK(ClassifyInstance(WithGoogleAk(Facts(Tee::kNone, true)), InstanceKind::kGcp));
}

TEST(Instance, NamedKindNeedsWhatItIsMadeOf) {
  const InstanceFacts tpm = Facts(Tee::kNone, true);
  for (InstanceKind kind : kEveryKind) {
    if (kind == InstanceKind::kTpmOnly) continue;
    EXPECT_THAT(ClassifyInstance(tpm, kind), HasFault("INSTANCE_KIND")) << ToString(kind);
  }
  EXPECT_THAT(ClassifyInstance(Facts(Tee::kSnp, false), InstanceKind::kTpmOnly),
              HasFault("INSTANCE_KIND"));
  EXPECT_THAT(ClassifyInstance(Facts(Tee::kSnp, true), InstanceKind::kTdx),
              HasFault("INSTANCE_KIND"));
  EXPECT_THAT(ClassifyInstance(WithHcl(tpm, Tee::kTdx), InstanceKind::kAzureSnp),
              HasFault("INSTANCE_KIND"));
}

TEST(Instance, NamesGoBothWays) {
  for (InstanceKind kind : kEveryKind) {
    ASSERT_OK_AND_ASSIGN(const InstanceKind parsed, ParseInstanceKind(ToString(kind)));
    EXPECT_EQ(parsed, kind);
  }
  const auto unknown = ParseInstanceKind("azure");
  EXPECT_THAT(unknown, HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(MessageOf(unknown.status()), HasSubstr("azure-snp, azure-tdx, svsm"));
}

// What a machine shows beside its TPM's quote, and what that can be worth at most.
TEST(Instance, ReportsOfItsOwnDecideHowFarItReaches) {
  const auto instance = [](InstanceKind kind, Tee tee, bool tpm) {
    return Instance{.kind = kind, .tee = tee, .tpm = tpm, .reason = ""};
  };
  for (const Instance& own : {instance(InstanceKind::kSnp, Tee::kSnp, true),
                              instance(InstanceKind::kGcp, Tee::kTdx, true),
                              instance(InstanceKind::kSvsm, Tee::kSnp, true)}) {
    EXPECT_TRUE(HasOwnReports(own)) << Describe(own);
    EXPECT_EQ(StrongestLevel(own), EvidenceLevel::kTeeMeasured) << Describe(own);
  }
  for (const Instance& none : {instance(InstanceKind::kAzureSnp, Tee::kSnp, true),
                               instance(InstanceKind::kAzureTdx, Tee::kTdx, true),
                               instance(InstanceKind::kGcp, Tee::kNone, true),
                               instance(InstanceKind::kTpmOnly, Tee::kNone, true),
                               instance(InstanceKind::kSnp, Tee::kSnp, false)}) {
    EXPECT_FALSE(HasOwnReports(none)) << Describe(none);
    EXPECT_EQ(StrongestLevel(none), EvidenceLevel::kHostVtpm) << Describe(none);
  }
}

}  // namespace
}  // namespace kedge
