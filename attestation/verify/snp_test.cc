#include "attestation/verify/snp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/verify/testing/snp_world.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FailedNames;
using ::testing::IsEmpty;
using testing::SnpWorld;
using testing::TestKey;
namespace at = testing::snp_offset;
using Set = PolicyField<std::vector<Bytes>>;

// What fails when one thing about a good world is changed, and nothing else does.
std::vector<std::string> Failed(const SnpWorld& world, const SnpPolicy& policy) {
  const SnpAppraisal appraisal = world.Verify(policy);
  const std::vector<std::string> names = FailedNames(appraisal.verdict);
  EXPECT_EQ(appraisal.verdict.trusted(), names.empty());
  return names;
}
std::vector<std::string> Failed(const SnpWorld& world) { return Failed(world, world.Policy()); }

TEST(Snp, EveryProductAndKindOfKeyIsTrusted) {
  for (SnpProduct product : kSnpProducts) {
    SnpWorld world(product);
    EXPECT_THAT(Failed(world), IsEmpty()) << ToString(product);
    world.report()[at::kVersion] = 3;
    EXPECT_THAT(Failed(world), IsEmpty()) << ToString(product);
    world.report()[at::kVersion] = 2;
    world.Put(at::kCpuid, Bytes(3, 0));
    EXPECT_THAT(Failed(world), IsEmpty()) << ToString(product);
    SnpWorld provider(product);
    provider.UseVlek();
    EXPECT_THAT(Failed(provider), IsEmpty()) << ToString(product);
    EXPECT_EQ(*provider.Verify(provider.Policy()).claims->leaf->csp_id, "CN=cc-test.example");
  }
}

TEST(Snp, AmdsPinsRefuseAnotherRoot) {
  SnpWorld world;
  SnpPolicy policy = world.Policy();
  policy.roots = PolicyField<SnpRoots>::Enforce({.amd = true, .custom = {}});
  EXPECT_THAT(Failed(world, policy), ElementsAre("ROOT_PIN"));
  policy.roots = PolicyField<SnpRoots>::Enforce({});
  EXPECT_THAT(Failed(world, policy), ElementsAre("ROOT_PIN"));
  policy.roots = PolicyField<SnpRoots>::Skip("somebody careless");
  EXPECT_THAT(Failed(world, policy), ElementsAre("ROOT_PIN"));
  policy.roots = {};
  EXPECT_THAT(Failed(world, policy), ElementsAre("ROOT_PIN"));
}

TEST(Snp, UnsetPolicyTrustsNothing) {
  SnpWorld world;
  const std::vector<std::string> failed = Failed(world, SnpPolicy());
  for (const char* name :
       {"ROOT_PIN",     "CRL_MISSING",  "TCB_MINIMUM",  "FIRMWARE_VERSION", "MITIGATION",
        "GUEST_SVN",    "DEBUG_POLICY", "GUEST_POLICY", "PLATFORM_INFO",    "MASK_CHIP_KEY",
        "AUTHOR_KEY",   "VMPL",         "MEASUREMENT",  "HOST_DATA",        "REPORT_DATA",
        "ID_KEY",       "FAMILY_ID",    "IMAGE_ID",     "REPORT_ID",        "CHIP_ID",
        "PRODUCT_TRUST"}) {
    EXPECT_THAT(failed, Contains(name));
  }
}

TEST(Snp, DefaultPolicyWantsOnlyWhatAnOwnerKnows) {
  SnpWorld world;
  SnpPolicy policy = DefaultSnpPolicy();
  policy.roots = world.Policy().roots;
  EXPECT_THAT(Failed(world, policy),
              ElementsAre("GUEST_SVN", "MEASUREMENT", "HOST_DATA", "REPORT_DATA", "ID_KEY",
                          "AUTHOR_KEY", "FAMILY_ID", "IMAGE_ID", "REPORT_ID", "CHIP_ID"));
}

TEST(Snp, LeafMustBeOfTheKindThatTheReportNames) {
  SnpWorld world;
  world.report()[at::kFlags] = 1 << 2;
  EXPECT_THAT(Failed(world), ElementsAre("LEAF_KIND"));
  world.report()[at::kFlags] = 7 << 2;
  EXPECT_THAT(Failed(world), ElementsAre("LEAF_KIND"));
  SnpWorld provider;
  provider.UseVlek();
  provider.report()[at::kFlags] = 0;
  EXPECT_THAT(Failed(provider), ElementsAre("LEAF_KIND"));
}

TEST(Snp, IntermediatesAreNotInterchangeable) {
  SnpWorld world;
  world.intermediate_terms().subject = world.leaf_terms().issuer = "SEV-VLEK-Genoa";
  EXPECT_THAT(Failed(world), ElementsAre("LEAF_KIND"));
  SnpWorld provider;
  provider.UseVlek();
  provider.intermediate_terms().subject = provider.leaf_terms().issuer = "SEV-Genoa";
  EXPECT_THAT(Failed(provider), ElementsAre("LEAF_KIND"));
}

TEST(Snp, LeafWithoutIdentityOrWithTwoIsRefused) {
  SnpWorld world;
  world.DropExtension("4");
  EXPECT_THAT(Failed(world), ElementsAre("LEAF_KIND", "HWID"));
  SnpWorld both;
  both.SetExtension("5", Bytes{0x16, 0x01, 'x'});
  EXPECT_THAT(Failed(both), ElementsAre("LEAF_KIND"));
}

TEST(Snp, ChipMustBeTheCertificates) {
  SnpWorld world;
  world.report()[at::kChipId + 63] ^= 1;
  EXPECT_THAT(Failed(world), ElementsAre("HWID"));
  SnpWorld masked;
  masked.Put(at::kChipId, Bytes(64, 0));
  EXPECT_THAT(Failed(masked), ElementsAre("HWID"));
  SnpWorld turin(SnpProduct::kTurin);
  turin.report()[at::kChipId + 8] = 1;
  EXPECT_THAT(Failed(turin), ElementsAre("HWID"));
}

TEST(Snp, HwidMayBeWrappedInAnOctetString) {
  SnpWorld world(SnpProduct::kTurin);
  world.SetExtension("4", Bytes{0x04, 0x08, 1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_THAT(Failed(world), IsEmpty());
}

TEST(Snp, CertificateNamesEveryComponentOfTheReportedTcb) {
  for (SnpProduct product : kSnpProducts) {
    for (const char* oid : {"3.1", "3.2", "3.3", "3.8"}) {
      SnpWorld world(product);
      world.SetExtension(oid, Bytes{0x02, 0x01, 0x7F});
      EXPECT_THAT(Failed(world), ElementsAre("TCB")) << oid;
      world.DropExtension(oid);
      EXPECT_THAT(Failed(world), ElementsAre("LEAF_EXTENSIONS")) << oid;
    }
  }
  SnpWorld turin(SnpProduct::kTurin);
  turin.DropExtension("3.9");
  EXPECT_THAT(Failed(turin), ElementsAre("TCB"));
  SnpWorld genoa;
  genoa.SetExtension("3.9", Bytes{0x02, 0x01, 0x00});
  EXPECT_THAT(Failed(genoa), ElementsAre("TCB"));
  SnpWorld reserved;
  reserved.report()[at::kReportedTcb + 3] = 1;
  EXPECT_THAT(Failed(reserved), ElementsAre("TCB"));
}

TEST(Snp, ProductsMustAgree) {
  SnpWorld world;
  world.Put(at::kCpuid, Bytes{0x19, 0x01});
  EXPECT_THAT(Failed(world), ElementsAre("PRODUCT"));
  world.Put(at::kCpuid, Bytes{0x19, 0xA0});
  EXPECT_THAT(Failed(world), IsEmpty());
  // Not there, or of a processor that does not exist yet.
  for (const Bytes& cpuid : {Bytes{0, 0, 0}, Bytes{0x1B, 0x01, 0}}) {
    world.Put(at::kCpuid, cpuid);
    EXPECT_THAT(Failed(world), Contains("PRODUCT"));
  }
  SnpWorld renamed;
  renamed.SetExtension("2", Bytes{0x16, 0x06, 'V', 'e', 'n', 'i', 'c', 'e'});
  EXPECT_THAT(Failed(renamed), Contains("PRODUCT"));
}

TEST(Snp, SignatureIsOverTheSignedBytes) {
  SnpWorld world;
  SnpEvidence evidence = world.Evidence();
  evidence.report[at::kMeasurement] ^= 1;
  const auto verify = [&] {
    return FailedNames(VerifySnp(evidence, world.Policy(), SnpWorld::Time(), std::nullopt).verdict);
  };
  EXPECT_THAT(verify(), ElementsAre("SIGNATURE"));
  evidence.report = world.SignedReport();
  std::fill_n(evidence.report.begin() + at::kSignature, 144, uint8_t{0});
  EXPECT_THAT(verify(), ElementsAre("SIGNATURE"));
}

TEST(Snp, MissingPartsAreNamed) {
  SnpWorld world;
  const auto failed = [&](const SnpEvidence& evidence) {
    return FailedNames(VerifySnp(evidence, world.Policy(), SnpWorld::Time(), std::nullopt).verdict);
  };
  SnpEvidence evidence = world.Evidence();
  evidence.certificates.leaf.clear();
  EXPECT_THAT(failed(evidence), ElementsAre("NO_LEAF", "SIGNATURE"));
  evidence = world.Evidence();
  evidence.certificates.intermediate.clear();
  EXPECT_THAT(failed(evidence), ElementsAre("CHAIN"));
  evidence = world.Evidence();
  evidence.certificates.root.clear();
  EXPECT_THAT(failed(evidence), ElementsAre("CHAIN", "CRL_ISSUER"));
  evidence = world.Evidence();
  evidence.certificates.crls.clear();
  EXPECT_THAT(failed(evidence), ElementsAre("CRL_MISSING"));
  evidence = world.Evidence();
  evidence.certificates.leaf.pop_back();
  EXPECT_THAT(failed(evidence), ElementsAre("FORMAT", "SIGNATURE"));
}

TEST(Snp, RevocationListsAreRead) {
  SnpWorld world;
  world.crl_terms().revoked = {0x10001};
  EXPECT_THAT(Failed(world), ElementsAre("CRL_REVOKED"));
  world.crl_terms().revoked = {0x20002};
  EXPECT_THAT(Failed(world), IsEmpty());
  // A list is read where none is needed, too.
  world.crl_terms().revoked = {0x10001};
  SnpPolicy lax = world.Policy();
  lax.crl = PolicyField<SnpCrlRule>::Skip("the test");
  EXPECT_THAT(Failed(world, lax), ElementsAre("CRL_REVOKED"));
  SnpWorld stale;
  stale.crl_terms().next_update = *SnpWorld::Time().at - absl::Seconds(1);
  EXPECT_THAT(Failed(stale), ElementsAre("CRL_STALE"));
  SnpWorld old;
  SnpPolicy policy = old.Policy();
  policy.crl = PolicyField<SnpCrlRule>::Enforce({.max_age = absl::Hours(24)});
  EXPECT_THAT(Failed(old, policy), ElementsAre("CRL_STALE"));
  SnpWorld other;
  other.crl_terms().issuer = "ARK-Milan";
  EXPECT_THAT(Failed(other), ElementsAre("CRL_ISSUER"));
}

TEST(Snp, NewestRevocationListDecidesAboutTheWindowAndAnyAboutRevocation) {
  SnpWorld world;
  world.crl_terms().next_update = *SnpWorld::Time().at - absl::Seconds(1);
  const Bytes stale = world.Evidence().certificates.crls.front();
  SnpWorld fresh;
  fresh.crl_terms().number = 8;
  SnpEvidence evidence = fresh.Evidence();
  evidence.certificates.crls.push_back(stale);
  const auto failed = [&] {
    return FailedNames(VerifySnp(evidence, fresh.Policy(), SnpWorld::Time(), std::nullopt).verdict);
  };
  EXPECT_THAT(failed(), IsEmpty());
  world.crl_terms().revoked = {0x10001};
  evidence.certificates.crls.back() = world.Evidence().certificates.crls.front();
  EXPECT_THAT(failed(), ElementsAre("CRL_REVOKED"));
}

TEST(Snp, ChainRulesHold) {
  SnpWorld weak;
  weak.intermediate_terms().ca = false;
  EXPECT_THAT(Failed(weak), ElementsAre("CHAIN"));
  SnpWorld late;
  late.leaf_terms().not_after = *SnpWorld::Time().at - absl::Seconds(1);
  EXPECT_THAT(Failed(late), ElementsAre("TIME"));
  SnpWorld authority;
  authority.leaf_terms().ca = true;
  EXPECT_THAT(Failed(authority), ElementsAre("CHAIN"));
  SnpWorld critical;
  critical.leaf_terms().critical_oid = "1.3.6.1.4.1.3704.1.2";
  EXPECT_THAT(Failed(critical), ElementsAre("CHAIN"));
  // Fine signatures, but not the algorithm that AMD signs with.
  SnpWorld world;
  SnpEvidence evidence = world.Evidence();
  const TestKey key = TestKey::P384();
  testing::CertificateTerms terms = world.intermediate_terms();
  evidence.certificates.intermediate =
      MakeCertificate(terms, key, TestKey::P384(), testing::TestSignature::kEcdsa);
  evidence.certificates.leaf =
      MakeCertificate(world.leaf_terms(), world.leaf_key(), key, testing::TestSignature::kEcdsa);
  EXPECT_THAT(
      FailedNames(VerifySnp(evidence, world.Policy(), SnpWorld::Time(), std::nullopt).verdict),
      ElementsAre("CHAIN"));
}

TEST(Snp, WithoutATimeNothingIsTimed) {
  SnpWorld world;
  world.leaf_terms().not_after = *SnpWorld::Time().at - absl::Seconds(1);
  const SnpAppraisal appraisal = VerifySnp(world.Evidence(), world.Policy(),
                                           {.at = std::nullopt, .skipped_by = "me"}, std::nullopt);
  EXPECT_TRUE(appraisal.verdict.trusted()) << appraisal.verdict.FirstFailure();
}

TEST(Snp, ReportDataIsExactlyWhatWasAskedFor) {
  SnpWorld world;
  ReportData expected;
  expected.fill(0x11);
  const auto verdict = [&] {
    return VerifySnp(world.Evidence(), world.Policy(), SnpWorld::Time(), expected).verdict;
  };
  EXPECT_TRUE(verdict().trusted());
  expected[63] = 0;
  EXPECT_THAT(FailedNames(verdict()), ElementsAre("REPORT_DATA"));
}

TEST(Snp, EndorsementStandsUntilTheFirstOfItsPartsEnds) {
  SnpWorld world;
  world.crl_terms().next_update = *SnpWorld::Time().at + absl::Hours(1);
  const SnpEndorsement endorsement =
      SnpEndorsement::Examine(world.Evidence().certificates, world.Policy(), SnpWorld::Time());
  EXPECT_EQ(endorsement.valid_until(), world.crl_terms().next_update);
  EXPECT_TRUE(AppraiseSnp(world.SignedReport(), endorsement, world.Policy(), std::nullopt)
                  .verdict.trusted());
}

}  // namespace
}  // namespace kedge
