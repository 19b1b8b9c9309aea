#include "keyservice/core/manifest_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/status_matchers.h"
#include "keyservice/core/manifest_explain.h"
#include "keyservice/core/testing/test_cluster.h"

namespace kedge {
namespace {

using kedge::testing::MakeManifest;
using kedge::testing::TestManifestTerms;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Two owners, two share keys, no host-vtpm: nothing to find.
ManifestTerms CleanTerms() {
  static const SigningKey owner = SigningKey::Generate(Curve::kP384).value();
  static const RsaPrivateKey share = RsaPrivateKey::Generate(3072).value();
  ManifestTerms terms = TestManifestTerms();
  terms.owner_keys.push_back(kedge::testing::OwnerKeyEntry("second", owner.public_key()));
  terms.seed_share_keys.push_back(
      {.name = "second", .key = share.public_key(), .digest = Sha256(share.public_key().spki())});
  for (RolePolicy& role : terms.roles) role.evidence_levels = {EvidenceLevel::kTeeVtpm};
  terms.attestation = AttestationRules{.policy = {.snp = SnpPolicy{}}, .file = "rules"};
  return terms;
}

LaunchReference Launch(uint8_t measurement) {
  return {.tee = Tee::kSnp, .measurement = Bytes(48, measurement), .rtmr1 = {}, .rtmr2 = {}};
}

std::vector<std::string> CodesOf(const ManifestTerms& terms) {
  std::vector<std::string> codes;
  for (const LintFinding& finding : LintManifest(MakeManifest(terms))) {
    codes.push_back(finding.code + " " + std::string(ToString(finding.level)));
  }
  return codes;
}

TEST(ManifestLint, ACleanManifestHasNoFindings) { EXPECT_THAT(CodesOf(CleanTerms()), IsEmpty()); }

TEST(ManifestLint, FindsEachMistakeAndNothingElse) {
  struct Case {
    std::string found;
    std::function<void(ManifestTerms&)> make;
  };
  for (const Case& c : std::vector<Case>{
           {"NOT_CONFIDENTIAL warning",
            [](ManifestTerms& t) { t.roles[1].evidence_levels = {EvidenceLevel::kHostVtpm}; }},
           {"ONE_OWNER_KEY warning", [](ManifestTerms& t) { t.owner_keys.pop_back(); }},
           {"ONE_SHARE_KEY warning", [](ManifestTerms& t) { t.seed_share_keys.pop_back(); }},
           {"SAME_KEY_TWICE error",
            [](ManifestTerms& t) {
              t.owner_keys[1] = t.owner_keys[0];
              t.owner_keys[1].name = "alias";
            }},
           {"SAME_KEY_TWICE error",
            [](ManifestTerms& t) {
              t.seed_share_keys[1] = t.seed_share_keys[0];
              t.seed_share_keys[1].name = "alias";
            }},
           {"SAME_ROOT_TWICE warning",
            [](ManifestTerms& t) {
              t.tpm_roots.push_back(t.tpm_roots[0]);
              t.tpm_roots[1].name = "alias";
            }},
           {"SAME_IMAGE_TWICE warning",
            [](ManifestTerms& t) {
              t.images.push_back(t.images[0]);
              t.images[1].image_version = "2";
            }},
           {"NOTHING_MEASURED error", [](ManifestTerms& t) { t.images[0].pcrs[4] = Bytes(32); }},
           {"NOTHING_MEASURED error", [](ManifestTerms& t) { t.images[0].pcrs[9] = Bytes(32); }},
           {"LOAD_OPTIONS_ACCEPTED warning",
            [](ManifestTerms& t) { t.images[0].pcrs[12] = Bytes(32, 1); }},
           {"EXTENSION_ACCEPTED warning",
            [](ManifestTerms& t) { t.images[0].pcrs[13] = Bytes(32, 1); }},
           {"NO_LAUNCH_NAMED warning",
            [](ManifestTerms& t) { t.roles[1].evidence_levels = {EvidenceLevel::kTeeMeasured}; }},
       }) {
    ManifestTerms terms = CleanTerms();
    c.make(terms);
    EXPECT_THAT(CodesOf(terms), ElementsAre(c.found));
  }
  ManifestTerms measured = CleanTerms();
  measured.images[0].launch = {Launch(1)};
  measured.roles[1].evidence_levels = {EvidenceLevel::kTeeMeasured};
  EXPECT_THAT(CodesOf(measured), IsEmpty());
  ManifestTerms no_tee = CleanTerms();
  no_tee.attestation.reset();
  EXPECT_THAT(CodesOf(no_tee), ElementsAre("NO_TEE_ACCEPTED warning", "NO_TEE_ACCEPTED warning"));
  ManifestTerms mixed = CleanTerms();
  mixed.roles[0].evidence_levels = {EvidenceLevel::kTeeVtpm, EvidenceLevel::kHostVtpm};
  EXPECT_THAT(CodesOf(mixed),
              ElementsAre("NOT_CONFIDENTIAL warning", "WEAKER_LEVEL_BESIDE warning"));
}

std::vector<std::string> Changes(const std::function<void(ManifestTerms&)>& change) {
  const Manifest before = MakeManifest(CleanTerms());
  ManifestTerms terms = CleanTerms();
  change(terms);
  std::vector<std::string> out;
  for (const ManifestChange& c : DiffManifests(before, MakeManifest(terms))) {
    out.push_back(std::string(ToString(c.effect)) + " " + c.where + ": " + c.what);
  }
  return out;
}

TEST(ManifestDiff, EqualManifestsDoNotDiffer) {
  EXPECT_THAT(Changes([](ManifestTerms&) {}), IsEmpty());
}

TEST(ManifestDiff, EachChangeIsNamedWithItsEffect) {
  EXPECT_THAT(Changes([](ManifestTerms& t) { t.generation = 2; }),
              ElementsAre("neutral generation: was 1, is 2"));
  EXPECT_THAT(Changes([](ManifestTerms& t) { t.cluster = "other"; }),
              ElementsAre("neutral cluster: was test, is other"));
  EXPECT_THAT(
      Changes([](ManifestTerms& t) { t.roles[0].evidence_levels = {EvidenceLevel::kHostVtpm}; }),
      ElementsAre("narrows roles: control-plane: evidence_levels: removed tee-vtpm",
                  "widens roles: control-plane: evidence_levels: added host-vtpm"));
  EXPECT_THAT(
      Changes([](ManifestTerms& t) { t.roles[1].identity_kinds.push_back(IdentityKind::kChip); }),
      ElementsAre("widens roles: worker: identity_kinds: added chip"));
  EXPECT_THAT(Changes([](ManifestTerms& t) { t.images[0].pcrs[4] = Bytes(32, 0x77); }),
              ElementsAre(HasSubstr("widens images: kedge-test 1: PCR 4 was 0404")));
  EXPECT_THAT(
      Changes([](ManifestTerms& t) { t.images[0].pcr11_phases[1].second = Bytes(32, 0x77); }),
      ElementsAre(HasSubstr("PCR 11 at leave-initrd was")));
  EXPECT_THAT(Changes([](ManifestTerms& t) {
                t.images.push_back(t.images[0]);
                t.images[1].image_version = "2";
              }),
              ElementsAre("widens images: added kedge-test 2"));
  EXPECT_THAT(Changes([](ManifestTerms& t) { t.owner_keys.pop_back(); }),
              ElementsAre(HasSubstr("narrows owner_keys: removed second, ")));
  EXPECT_THAT(Changes([](ManifestTerms& t) { t.seed_share_keys[0].name = "new"; }),
              ElementsAre(HasSubstr("neutral seed_share_keys: renamed owner to new")));
  EXPECT_THAT(Changes([](ManifestTerms& t) {
                t.tpm_roots.push_back({"more", "(another)"});
              }),
              ElementsAre("widens tpm_roots: added more"));
  EXPECT_THAT(Changes([](ManifestTerms& t) {
                t.images[0].roles.pop_back();
                t.roles.pop_back();
              }),
              ElementsAre("narrows images: kedge-test 1: roles: removed worker",
                          "narrows roles: removed worker"));
}

TEST(ManifestDiff, RulesOfTeesAndLaunchMeasurements) {
  const auto launch = [](std::vector<LaunchReference> values) {
    return [values](ManifestTerms& t) { t.images[0].launch = values; };
  };
  const auto differ = [](const ManifestTerms& from, const ManifestTerms& to) {
    std::vector<std::string> out;
    for (const ManifestChange& c : DiffManifests(MakeManifest(from), MakeManifest(to))) {
      out.push_back(std::string(ToString(c.effect)) + " " + c.where + ": " + c.what);
    }
    return out;
  };
  EXPECT_THAT(Changes([](ManifestTerms& t) { t.attestation.reset(); }),
              ElementsAre(HasSubstr("narrows attestation_policy: removed")));
  EXPECT_THAT(Changes([](ManifestTerms& t) { t.attestation->file = "other rules"; }),
              ElementsAre(HasSubstr("widens attestation_policy: changed")));
  ManifestTerms none = CleanTerms();
  none.attestation.reset();
  EXPECT_THAT(differ(none, CleanTerms()),
              ElementsAre(HasSubstr("widens attestation_policy: added")));
  EXPECT_THAT(Changes(launch({Launch(1)})),
              ElementsAre(HasSubstr("widens images: kedge-test 1: launch: added snp 0101")));
  ManifestTerms two = CleanTerms();
  launch({Launch(1), Launch(2)})(two);
  ManifestTerms one = CleanTerms();
  launch({Launch(1)})(one);
  EXPECT_THAT(differ(two, one), ElementsAre(HasSubstr("narrows images: kedge-test 1: launch: ")));
  // Without any, a TEE's node is judged by its registers alone.
  EXPECT_THAT(differ(one, CleanTerms()),
              ElementsAre(HasSubstr("widens images: kedge-test 1: launch: removed")));
}

// A key that takes another's name is seen as what it is.
TEST(ManifestDiff, AReplacedKeyUnderAnOldNameIsAnAddition) {
  const auto changes = Changes([](ManifestTerms& t) {
    t.owner_keys[1] =
        kedge::testing::OwnerKeyEntry("second", SigningKey::Generate(Curve::kP384)->public_key());
  });
  EXPECT_THAT(changes, ElementsAre(HasSubstr("narrows owner_keys: removed second"),
                                   HasSubstr("widens owner_keys: added second")));
}

TEST(ManifestExplain, SaysWhoCanDeriveWhat) {
  const auto statements = ExplainManifest(MakeManifest(CleanTerms()));
  ASSERT_EQ(statements.size(), 6U);
  EXPECT_THAT(statements[0].who, HasSubstr("owner, second"));
  EXPECT_THAT(statements[0].can, Contains(HasSubstr("every workload secret")));
  EXPECT_THAT(statements[1].cannot, Contains(HasSubstr("takes the seed")));
  EXPECT_THAT(statements[2].who, HasSubstr("kedge-test 1; evidence: tee-vtpm"));
  EXPECT_THAT(statements[2].can, Contains(HasSubstr("hold the seed")));
  EXPECT_THAT(statements[3].can, Not(Contains(HasSubstr("seed"))));
  EXPECT_THAT(statements[5].can, Not(Contains(HasSubstr("host-vtpm"))));
}

TEST(ManifestExplain, AHostThatRunsTheTpmHasEverything) {
  const auto statements = ExplainManifest(MakeManifest(TestManifestTerms()));
  EXPECT_THAT(statements.back().can, Contains(HasSubstr("not confidential")));
  EXPECT_THAT(statements.back().can, Contains(HasSubstr("get the seed")));
  EXPECT_THAT(statements.back().cannot, IsEmpty());
}

}  // namespace
}  // namespace kedge
