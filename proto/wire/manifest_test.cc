#include "proto/wire/manifest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>

#include "base/status_matchers.h"
#include "house/folders.h"
#include "proto/wire/attestation_policy.h"
#include "proto/wire/testing/terms.h"

namespace kedge::wire {
namespace {

using kedge::testing::SampleImage;
using kedge::testing::TestOwnerKey;
using kedge::testing::TestSeedShareKey;
using kedge::testing::TestTpmRootPem;

ManifestTerms TestManifestTerms() { return kedge::testing::TestManifestTerms(TestTpmRootPem()); }

std::string Printed(const ManifestTerms& terms) { return PrintManifest(terms).value(); }

TEST(Manifest, SurvivesItsFileForm) {
  const ManifestTerms terms = TestManifestTerms();
  const std::string text = Printed(terms);
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, ParseManifest(AsBytes(text)));
  EXPECT_EQ(manifest.cluster(), "test");
  EXPECT_EQ(manifest.generation(), 1U);
  EXPECT_EQ(manifest.digest(), Sha256(AsBytes(text)));
  EXPECT_EQ(AsText(manifest.bytes()), text);
  ASSERT_EQ(manifest.images().size(), 1U);
  EXPECT_EQ(manifest.images()[0].image_name, "kedge-test");
  EXPECT_EQ(manifest.images()[0].pcrs, terms.images[0].pcrs);
  EXPECT_EQ(manifest.images()[0].pcr11_phases, terms.images[0].pcr11_phases);
  ASSERT_EQ(manifest.roles().size(), 2U);
  EXPECT_EQ(manifest.roles()[1].evidence_levels,
            std::vector<EvidenceLevel>{EvidenceLevel::kHostVtpm});
  EXPECT_EQ(manifest.owner_keys()[0].key.spki(), TestOwnerKey().public_key().spki());
  EXPECT_EQ(manifest.seed_share_keys()[0].key.spki(), TestSeedShareKey().public_key().spki());
  EXPECT_EQ(manifest.tpm_roots()[0].name, "root");
  EXPECT_EQ(Printed(terms), text) << "printing is deterministic";
}

AttestationRules ExampleRules() {
  std::ifstream in(std::string(KEDGE_SOURCE_DIR) + "/docs/examples/attestation-policy.json");
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return ParseAttestationRules(AsBytes(text)).value();
}

LaunchReference TdxLaunch() {
  return {
      .tee = Tee::kTdx, .measurement = Bytes(48, 1), .rtmr1 = Bytes(48, 2), .rtmr2 = Bytes(48, 3)};
}
LaunchReference SnpLaunch() {
  return {.tee = Tee::kSnp, .measurement = Bytes(48, 1), .rtmr1 = {}, .rtmr2 = {}};
}

TEST(Manifest, CarriesRulesForTees) {
  ManifestTerms terms = TestManifestTerms();
  terms.attestation = ExampleRules();
  terms.images[0].launch = {SnpLaunch(), TdxLaunch()};
  const std::string text = Printed(terms);
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, ParseManifest(AsBytes(text)));
  EXPECT_EQ(manifest.images()[0].launch, terms.images[0].launch);
  ASSERT_NE(manifest.attestation_policy(), nullptr);
  EXPECT_TRUE(manifest.attestation_policy()->snp);
  EXPECT_FALSE(manifest.attestation_policy()->tdx);
  ASSERT_NE(manifest.attestation_rules(), nullptr);
  EXPECT_EQ(manifest.attestation_rules()->file, terms.attestation->file);
  ASSERT_OK_AND_ASSIGN(const Manifest plain, ParseManifest(AsBytes(Printed(TestManifestTerms()))));
  EXPECT_EQ(plain.attestation_policy(), nullptr);
  // The rules are as complete in here as in a file of their own.
  std::string incomplete = text;
  const std::string rule = "\"host_data\"";
  incomplete.replace(incomplete.find(rule), rule.size(), "\"family_id\"");
  EXPECT_THAT(ParseManifest(AsBytes(incomplete)), HasCode(StatusCode::kInvalidArgument));
}

TEST(Manifest, FindsWhatItHas) {
  ManifestTerms terms = TestManifestTerms();
  ReferenceValues only_worker = SampleImage();
  only_worker.roles = {"worker"};
  only_worker.image_version = "0.2.0";
  terms.images.push_back(only_worker);
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, ParseManifest(AsBytes(Printed(terms))));
  EXPECT_EQ(manifest.ImagesFor("worker").size(), 2U);
  EXPECT_EQ(manifest.ImagesFor("control-plane").size(), 1U);
  EXPECT_EQ(manifest.ImagesFor("other").size(), 0U);
  ASSERT_NE(manifest.FindRole("worker"), nullptr);
  EXPECT_EQ(manifest.FindRole("worker")->role, "worker");
  EXPECT_EQ(manifest.FindRole("other"), nullptr);
  ASSERT_NE(manifest.FindOwnerKey(Sha256(TestOwnerKey().public_key().spki())), nullptr);
  EXPECT_EQ(manifest.FindOwnerKey({}), nullptr);
}

// Each break of a valid manifest is refused, with the field in the message.
struct Break {
  const char* name;
  std::function<void(ManifestTerms&)> apply;
  const char* field;
};

void PrintTo(const Break& tested, std::ostream* out) { *out << tested.name; }

class BrokenManifest : public ::testing::TestWithParam<Break> {};

TEST_P(BrokenManifest, IsRefusedByName) {
  ManifestTerms terms = TestManifestTerms();
  GetParam().apply(terms);
  const auto manifest = ParseManifest(AsBytes(Printed(terms)));
  ASSERT_THAT(manifest, HasCode(StatusCode::kInvalidArgument));
  EXPECT_NE(MessageOf(manifest.status()).find(GetParam().field), std::string::npos)
      << manifest.status();
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BrokenManifest,
    ::testing::Values(
        Break{"NoCluster", [](auto& m) { m.cluster.clear(); }, "cluster"},
        Break{"ClusterWithSlash", [](auto& m) { m.cluster = "a/b"; }, "cluster"},
        Break{"NoGeneration", [](auto& m) { m.generation = 0; }, "generation"},
        Break{"NoImages", [](auto& m) { m.images.clear(); }, "images"},
        Break{"ImageTwice", [](auto& m) { m.images.push_back(m.images[0]); }, "images"},
        Break{"ImageWithoutName", [](auto& m) { m.images[0].image_name.clear(); }, "images"},
        Break{"ImageWithoutVersion", [](auto& m) { m.images[0].image_version.clear(); }, "images"},
        Break{"ImageWithoutRoles", [](auto& m) { m.images[0].roles.clear(); }, "images"},
        Break{"ImageForUnknownRole", [](auto& m) { m.images[0].roles.push_back("admin"); },
              "admin"},
        Break{"NoImageForARole", [](auto& m) { m.images[0].roles = {"worker"}; }, "control-plane"},
        Break{"ImageWithoutPcr4", [](auto& m) { m.images[0].pcrs.erase(4); }, "PCR 4"},
        Break{"ImageWithoutPcr9", [](auto& m) { m.images[0].pcrs.erase(9); }, "PCR 9"},
        Break{"ImageWithoutPcr12", [](auto& m) { m.images[0].pcrs.erase(12); }, "PCR 12"},
        Break{"ImageWithoutPcr13", [](auto& m) { m.images[0].pcrs.erase(13); }, "PCR 13"},
        Break{"ImageWithPcr7", [](auto& m) { m.images[0].pcrs[7] = Bytes(32); }, "PCR"},
        Break{"ImageWithShortPcr", [](auto& m) { m.images[0].pcrs[4].pop_back(); }, "PCR 4"},
        Break{"ImageWithPcr24", [](auto& m) { m.images[0].pcrs[24] = Bytes(32); }, "24"},
        Break{"ImageWithoutPhases", [](auto& m) { m.images[0].pcr11_phases.clear(); }, "PCR 11"},
        Break{"ImageWithoutReady", [](auto& m) { m.images[0].pcr11_phases.pop_back(); }, "PCR 11"},
        Break{"PhasesOutOfOrder",
              [](auto& m) { std::swap(m.images[0].pcr11_phases[0], m.images[0].pcr11_phases[1]); },
              "enter-initrd"},
        Break{"TwoPhasesWithOneValue",
              [](auto& m) {
                m.images[0].pcr11_phases[1].second = m.images[0].pcr11_phases[0].second;
              },
              "leave-initrd"},
        Break{"LaunchOfNoTee",
              [](auto& m) {
                m.images[0].launch = {SnpLaunch()};
                m.images[0].launch[0].tee = Tee::kNone;
              },
              "launch"},
        Break{"ShortLaunch",
              [](auto& m) {
                m.images[0].launch = {SnpLaunch()};
                m.images[0].launch[0].measurement.pop_back();
              },
              "launch"},
        Break{"SnpLaunchWithRtmr",
              [](auto& m) {
                m.images[0].launch = {SnpLaunch()};
                m.images[0].launch[0].rtmr1 = Bytes(48, 2);
              },
              "launch"},
        Break{"TdxLaunchWithoutRtmr",
              [](auto& m) {
                m.images[0].launch = {TdxLaunch()};
                m.images[0].launch[0].rtmr2.clear();
              },
              "launch"},
        Break{"PolicyOfNoTee",
              [](auto& m) {
                m.attestation = AttestationRules{
                    .policy = {}, .file = R"({"format":"kedge.attestation-policy.v1"})"};
              },
              "speaks of no TEE"},
        Break{"PolicyWithRulesForTpms",
              [](auto& m) {
                m.attestation = ExampleRules();
                m.attestation->file.insert(
                    m.attestation->file.find('{') + 1,
                    R"("tpm":{"accepted_ak":["caller"],"secure_boot":"allow"},)");
              },
              "attestation_policy: tpm"},
        Break{"NoRoles", [](auto& m) { m.roles.clear(); }, "roles"},
        Break{"RoleTwice", [](auto& m) { m.roles.push_back(m.roles[0]); }, "twice"},
        Break{"UnknownRole", [](auto& m) { m.roles[0].role = "admin"; }, "admin"},
        Break{"NoEvidenceLevels", [](auto& m) { m.roles[0].evidence_levels.clear(); },
              "evidence_levels"},
        Break{"NoIdentityKinds", [](auto& m) { m.roles[1].identity_kinds.clear(); },
              "identity_kinds"},
        Break{"NoOwnerKeys", [](auto& m) { m.owner_keys.clear(); }, "owner_keys"},
        Break{"OwnerKeyWithoutName", [](auto& m) { m.owner_keys[0].name.clear(); }, "owner_keys"},
        Break{"OwnerKeyOnP256",
              [](auto& m) {
                m.owner_keys[0].key = SigningKey::Generate(Curve::kP256).value().public_key();
              },
              "P-384"},
        Break{"NoSeedShareKeys", [](auto& m) { m.seed_share_keys.clear(); }, "seed_share_keys"},
        Break{"NoTpmRoots", [](auto& m) { m.tpm_roots.clear(); }, "tpm_roots"},
        Break{"TpmRootWithoutCertificate", [](auto& m) { m.tpm_roots[0].certificate_pem = "none"; },
              "tpm_roots"},
        Break{"TpmRootTwice", [](auto& m) { m.tpm_roots.push_back(m.tpm_roots[0]); }, "tpm_roots"}),
    [](const auto& tested) { return tested.param.name; });

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(ManifestFile, RefusesOtherFormatsLevelsKindsAndKeys) {
  const std::string text = Printed(TestManifestTerms());
  ASSERT_OK(ParseManifest(AsBytes(text)));
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"kedge.manifest.v1", "kedge.manifest.v2"},
                                                        {"host-vtpm", "insecure"},
                                                        {"\"ek\"", "\"any\""},
                                                        {"BEGIN PUBLIC KEY", "BEGIN PRIVATE KEY"},
                                                        {"\"cluster\"", "\"klaster\""},
                                                        {"0404", "04G4"},
                                                        {"b1b1", "B1B1"},
                                                        {"\"4\":", "\"04\":"}}) {
    EXPECT_THAT(ParseManifest(AsBytes(Replaced(text, from, to))),
                HasCode(StatusCode::kInvalidArgument))
        << from;
  }
}

TEST(ManifestFile, RefusesTruncationAndTails) {
  const std::string text = Printed(TestManifestTerms());
  for (size_t size = 0; size + 2 < text.size(); size += 61) {
    EXPECT_THAT(ParseManifest(AsBytes(text.substr(0, size))), HasFault("MALFORMED")) << size;
  }
  EXPECT_THAT(ParseManifest(AsBytes(text + "{}")), HasFault("MALFORMED"));
  EXPECT_THAT(ParseManifest(AsBytes(text + std::string(kMaxManifestSize, ' '))),
              HasFault("MALFORMED"));
}

TEST(Names, LevelsAndKindsReadBack) {
  for (EvidenceLevel level :
       {EvidenceLevel::kHostVtpm, EvidenceLevel::kTeeVtpm, EvidenceLevel::kTeeMeasured}) {
    EXPECT_EQ(ParseEvidenceLevel(ToString(level)).value(), level);
  }
  for (IdentityKind kind : {IdentityKind::kEk, IdentityKind::kHostData, IdentityKind::kChip}) {
    EXPECT_EQ(ParseIdentityKind(ToString(kind)).value(), kind);
  }
  EXPECT_THAT(ParseEvidenceLevel(""), HasFault("MALFORMED"));
  EXPECT_THAT(ParseIdentityKind("EK"), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge::wire
