#include "attestation/verify/tdx.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "attestation/verify/testing/tdx_machine.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TdxMachine;
using Age = PolicyField<absl::Duration>;
using testing::TestKey;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Failed(const Verdict& verdict) {
  std::vector<std::string> out;
  for (const Check& check : verdict.checks) {
    const bool bad = check.result == CheckResult::kFail || check.result == CheckResult::kMalformed;
    if (bad && std::find(out.begin(), out.end(), check.name) == out.end()) {
      out.push_back(check.name);
    }
  }
  return out;
}

const Check* Find(const Verdict& verdict, const std::string& name, CheckResult result) {
  for (const Check& check : verdict.checks) {
    if (check.name == name && check.result == result) return &check;
  }
  return nullptr;
}

TdxVerification Verify(TdxMachine& machine, const TdxPolicy& policy = TdxMachine::Policy(),
                       absl::Time at = TdxMachine::Now()) {
  const Bytes quote = machine.Quote();
  return VerifyTdx(quote, machine.Collateral(),
                   {.policy = policy, .roots = machine.Roots(), .at = at});
}

// The checks that fail on a version 5 machine after `change`.
std::vector<std::string> FailedAfter(const std::function<void(TdxMachine&)>& change,
                                     absl::Time at = TdxMachine::Now()) {
  TdxMachine machine(5, true);
  change(machine);
  return Failed(Verify(machine, TdxMachine::Policy(), at).verdict);
}
std::vector<std::string> FailedUnder(const std::function<void(TdxPolicy&)>& change) {
  TdxMachine machine(5, true);
  TdxPolicy policy = TdxMachine::Policy();
  change(policy);
  return Failed(Verify(machine, policy).verdict);
}

TEST(VerifyTdx, EachFormOfAGoodQuoteIsTrusted) {
  for (const auto& [version, tdx15] : {std::pair(4, false), {5, false}, {5, true}}) {
    TdxMachine machine(static_cast<uint16_t>(version), tdx15);
    const TdxVerification seen = Verify(machine);
    EXPECT_EQ(seen.verdict.outcome, Outcome::kTrusted) << seen.verdict.FirstFailure();
    ASSERT_TRUE(seen.claims && seen.claims->tcb);
    EXPECT_EQ(seen.claims->tcb->converged, TcbStatus::kUpToDate);
    EXPECT_EQ(seen.claims->pck->authority, PckAuthority::kPlatform);
  }
}

TEST(VerifyTdx, MalformedQuoteIsNotUntrusted) {
  TdxMachine machine(4, false);
  const TdxPolicy policy = TdxMachine::Policy();
  const Bytes quote = machine.Quote();
  const TdxVerification seen =
      VerifyTdx(ByteView(quote).first(700), machine.Collateral(),
                {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()});
  EXPECT_EQ(seen.verdict.outcome, Outcome::kMalformed);
  EXPECT_FALSE(seen.claims);
  EXPECT_THAT(Failed(seen.verdict), ElementsAre("FORMAT"));
}

TEST(VerifyTdx, SignaturesOfTheQuoteAreChecked) {
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.ak_signs_with = TestKey::P256(); }),
              ElementsAre("QUOTE_SIGNATURE"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.pck_signs_with = TestKey::P256(); }),
              ElementsAre("QE_REPORT_SIGNATURE"));
}

// The QE's report must cover this very attestation key, and nothing beside it.
TEST(VerifyTdx, QeReportDataIsChecked) {
  TdxMachine machine(4, false);
  const TdxPolicy policy = TdxMachine::Policy();
  const auto failed = [&](size_t at) {
    Bytes quote = machine.Quote();
    // REPORTDATA of the QE report: after signed part, sizes, signature, key and header.
    quote[48 + 584 + 4 + 128 + 6 + 320 + at] ^= 1;
    return Failed(VerifyTdx(quote, machine.Collateral(),
                            {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()})
                      .verdict);
  };
  EXPECT_THAT(failed(0), ElementsAre("QE_REPORT_DATA", "QE_REPORT_SIGNATURE"));
  EXPECT_THAT(failed(63), ElementsAre("QE_REPORT_DATA", "QE_REPORT_SIGNATURE"));
}

TEST(VerifyTdx, AttestationKeyMustBeAPoint) {
  TdxMachine machine(4, false);
  const TdxPolicy policy = TdxMachine::Policy();
  Bytes quote = machine.Quote();
  quote[48 + 584 + 4 + 64] ^= 1;
  const TdxVerification seen =
      VerifyTdx(quote, machine.Collateral(),
                {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()});
  EXPECT_THAT(Failed(seen.verdict), Contains("QUOTE_SIGNATURE"));
  EXPECT_THAT(Failed(seen.verdict), Contains("QE_REPORT_DATA"));
  EXPECT_EQ(seen.verdict.outcome, Outcome::kUntrusted);
}

TEST(VerifyTdx, ChainsAreChecked) {
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.ca_signs_with = TestKey::P256(); }),
              ElementsAre("CHAIN", "CRL_SIGNATURE"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.ca_terms.ca = false; }), Contains("CHAIN"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.ca_terms.key_usage = "digitalSignature"; }),
              Contains("CHAIN"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.pck_terms.ca = true; }), Contains("CHAIN"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.signer_terms.key_usage = "keyCertSign"; }),
              Contains("CHAIN"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.root_terms.path_length = 0; }), Contains("CHAIN"));
}

// What the rows ROOT_PIN that failed were about.
std::vector<std::string> UnpinnedChains(const Verdict& verdict) {
  std::vector<std::string> out;
  for (const Check& check : verdict.checks) {
    if (check.name == "ROOT_PIN" && check.result == CheckResult::kFail) {
      out.push_back(check.reason);
    }
  }
  return out;
}

TEST(VerifyTdx, OnlyPinnedRootsAreTrusted) {
  TdxMachine machine(5, true);
  TdxMachine other(5, true);
  const TdxPolicy policy = TdxMachine::Policy();
  machine.FreezeRoot();
  const Bytes quote = machine.Quote();
  for (const SpkiPins& roots : {SpkiPins(), other.Roots(), IntelSgxRootPins()}) {
    const TdxVerification seen = VerifyTdx(
        quote, machine.Collateral(), {.policy = policy, .roots = roots, .at = TdxMachine::Now()});
    EXPECT_THAT(Failed(seen.verdict), ElementsAre("ROOT_PIN"));
    EXPECT_THAT(UnpinnedChains(seen.verdict),
                ElementsAre("PCK chain", "TCB signing chain", "QE identity signing chain"));
  }
  // A root of the same name and another key.
  const TdxVerification seen =
      VerifyTdx(quote, other.Collateral(),
                {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()});
  EXPECT_THAT(Failed(seen.verdict), UnorderedElementsAre("ROOT_PIN", "CRL_SIGNATURE"));
  EXPECT_THAT(UnpinnedChains(seen.verdict),
              UnorderedElementsAre("TCB signing chain", "QE identity signing chain",
                                   "root beside the collateral"));
}

// A PCK is not a TCB signer, although both lead to the same root.
TEST(VerifyTdx, CertificatesKeepToTheirRoles) {
  EXPECT_THAT(
      FailedAfter([](TdxMachine& m) { m.signer_terms.subject = "Intel SGX PCK Certificate"; }),
      UnorderedElementsAre("COLLATERAL_FORMAT", "COLLATERAL_MISSING", "TCB_INFO_SIGNATURE",
                           "QE_IDENTITY_SIGNATURE"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.pck_terms.subject = "Intel SGX TCB Signing"; }),
              Contains("FORMAT"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) {
                m.ca_terms.subject = "Some CA";
                m.pck_terms.issuer = "Some CA";
              }),
              Contains("FORMAT"));
}

TEST(VerifyTdx, ProcessorCaIsKnown) {
  TdxMachine machine(4, false);
  machine.ca_terms.subject = "Intel SGX PCK Processor CA";
  machine.pck_terms.issuer = machine.ca_terms.subject;
  machine.pck_crl.issuer = machine.ca_terms.subject;
  machine.pck.platform_instance_id.reset();
  machine.pck.configuration = {};
  const TdxVerification seen = Verify(machine);
  EXPECT_EQ(seen.verdict.outcome, Outcome::kTrusted) << seen.verdict.FirstFailure();
  EXPECT_EQ(seen.claims->pck->authority, PckAuthority::kProcessor);
}

TEST(VerifyTdx, TimesAreChecked) {
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.pck_terms.not_after = m.Now() - absl::Hours(1); }),
              ElementsAre("TIME"));
  EXPECT_THAT(
      FailedAfter([](TdxMachine& m) { m.signer_terms.not_before = m.Now() + absl::Hours(1); }),
      ElementsAre("TIME"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.tcb_info.issue_date = m.Now() + absl::Hours(1); }),
              ElementsAre("COLLATERAL_NOT_YET_VALID"));
  EXPECT_THAT(
      FailedAfter([](TdxMachine& m) { m.qe_identity.next_update = m.Now() - absl::Hours(1); }),
      ElementsAre("COLLATERAL_EXPIRED"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.pck_crl.next_update = m.Now() - absl::Hours(1); }),
              ElementsAre("CRL_STALE"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.root_crl.this_update = m.Now() + absl::Hours(1); }),
              ElementsAre("CRL_STALE"));
}

TEST(VerifyTdx, AgesAreChecked) {
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.tcb_info_age = Age::Enforce(absl::Hours(23)); }),
              ElementsAre("COLLATERAL_AGE"));
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.pck_crl_age = Age::Enforce(absl::Hours(23)); }),
              ElementsAre("COLLATERAL_AGE"));
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.root_crl_age = Age::Enforce(absl::Hours(23)); }),
              ElementsAre("COLLATERAL_AGE"));
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.root_crl_age = Age::Skip("a reason"); }), IsEmpty());
}

TEST(VerifyTdx, RevocationIsChecked) {
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.pck_crl.revoked = {m.pck_terms.serial}; }),
              ElementsAre("CRL_REVOKED"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.root_crl.revoked = {m.ca_terms.serial}; }),
              ElementsAre("CRL_REVOKED"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.root_crl.revoked = {m.signer_terms.serial}; }),
              ElementsAre("CRL_REVOKED"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.pck_crl.issuer = "Intel SGX PCK Processor CA"; }),
              ElementsAre("CRL_ISSUER"));
}

TEST(VerifyTdx, EachPieceOfCollateralIsNeeded) {
  TdxMachine machine(4, false);
  const TdxPolicy policy = TdxMachine::Policy();
  const Bytes quote = machine.Quote();
  const auto failed = [&](Bytes TdxCollateralFiles::*file, const Bytes& content) {
    TdxCollateralFiles files = machine.Files();
    files.*file = content;
    const TdxVerification seen =
        VerifyTdx(quote, TdxCollateral::Read(files),
                  {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()});
    return Failed(seen.verdict);
  };
  using Files = TdxCollateralFiles;
  EXPECT_THAT(failed(&Files::pck_crl, {}), ElementsAre("CRL_MISSING"));
  EXPECT_THAT(failed(&Files::root_crl, {}), ElementsAre("CRL_MISSING"));
  EXPECT_THAT(failed(&Files::tcb_info_json, {}), ElementsAre("COLLATERAL_MISSING"));
  EXPECT_THAT(failed(&Files::tcb_chain_pem, {}),
              ElementsAre("COLLATERAL_MISSING", "TCB_INFO_SIGNATURE"));
  EXPECT_THAT(failed(&Files::qe_identity_json, {}), ElementsAre("COLLATERAL_MISSING"));
  EXPECT_THAT(failed(&Files::qe_chain_pem, {}),
              ElementsAre("COLLATERAL_MISSING", "QE_IDENTITY_SIGNATURE"));
  EXPECT_THAT(failed(&Files::root_ca_pem, {}), IsEmpty());
  for (const auto file : {&Files::pck_chain_pem, &Files::root_ca_pem, &Files::pck_crl,
                          &Files::root_crl, &Files::tcb_info_json, &Files::tcb_chain_pem,
                          &Files::qe_identity_json, &Files::qe_chain_pem}) {
    EXPECT_THAT(failed(file, Bytes(10, 'x')), Contains("COLLATERAL_FORMAT"));
  }
  const TdxVerification none = VerifyTdx(
      quote, nullptr, {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()});
  EXPECT_THAT(Failed(none.verdict), ElementsAre("COLLATERAL_MISSING"));
}

TEST(VerifyTdx, CollateralIsSkippedOnlyInWriting) {
  TdxMachine machine(4, false);
  TdxPolicy policy = TdxMachine::Policy();
  policy.collateral = PolicyField<CollateralRule>::Skip("the test");
  const Bytes quote = machine.Quote();
  const TdxVerification seen = VerifyTdx(
      quote, nullptr, {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()});
  EXPECT_EQ(seen.verdict.outcome, Outcome::kTrusted) << seen.verdict.FirstFailure();
  const Check* row = Find(seen.verdict, "COLLATERAL", CheckResult::kSkipped);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->reason, "the test");
}

TEST(VerifyTdx, ChainBesideTheQuoteMustBeItsOwn) {
  TdxMachine machine(4, false);
  TdxMachine other(4, false);
  const TdxPolicy policy = TdxMachine::Policy();
  const Bytes quote = machine.Quote();
  TdxCollateralFiles files = machine.Files();
  files.pck_chain_pem = machine.quote.pck_chain_pem;
  const TdxQuestion question{.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now()};
  EXPECT_THAT(Failed(VerifyTdx(quote, TdxCollateral::Read(files), question).verdict), IsEmpty());
  files.pck_chain_pem = ToBytes(other.PckChainPem());
  EXPECT_THAT(Failed(VerifyTdx(quote, TdxCollateral::Read(files), question).verdict),
              ElementsAre("PCK_MISMATCH"));
}

TEST(VerifyTdx, DocumentsMustBeIntelsAndAboutThisPlatform) {
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.signer_signs_with = TestKey::P256(); }),
              ElementsAre("TCB_INFO_SIGNATURE", "QE_IDENTITY_SIGNATURE"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.tcb_info.fmspc[0] ^= 1; }), ElementsAre("FMSPC"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.tcb_info.pce_id[0] ^= 1; }), ElementsAre("PCEID"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.tcb_info.id = "SGX"; }),
              ElementsAre("TCB_INFO_ID"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.qe_identity.id = "QE"; }),
              ElementsAre("QE_IDENTITY_ID"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.tcb_info.tcb_evaluation_data_number = 17; }),
              ElementsAre("TCB_EVALUATION_NUMBER"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.qe_identity.tcb_evaluation_data_number = 17; }),
              ElementsAre("TCB_EVALUATION_NUMBER"));
}

TEST(VerifyTdx, QuotingEnclaveMustBeTheIdentified) {
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.qe_report.mr_signer[31] ^= 1; }),
              ElementsAre("QE_IDENTITY"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.qe_report.isv_prod_id = 1; }),
              ElementsAre("QE_IDENTITY"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.qe_report.misc_select = 1; }),
              ElementsAre("QE_IDENTITY"));
  // Debug is inside the mask; bit 2 and XFRM are not.
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.qe_report.attributes[0] |= 2; }),
              ElementsAre("QE_IDENTITY"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) {
                m.quote.qe_report.attributes[0] ^= 4;
                m.quote.qe_report.attributes[8] = 0xE7;
              }),
              IsEmpty());
  EXPECT_THAT(FailedAfter([](TdxMachine& m) {
                m.qe_identity.misc_select_mask = {0xFF, 0, 0, 0};
                m.quote.qe_report.misc_select = 0x100;
              }),
              IsEmpty());
}

TEST(VerifyTdx, ModuleMustBeTheIdentified) {
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.tcb_info.module_identities.clear(); }),
              ElementsAre("TDX_MODULE", "TCB_NOT_SUPPORTED", "TCB_STATUS"));
  EXPECT_THAT(
      FailedAfter([](TdxMachine& m) { m.tcb_info.module_identities[0].module.mr_signer[0] = 1; }),
      ElementsAre("TDX_MODULE"));
  EXPECT_THAT(
      FailedAfter([](TdxMachine& m) { m.tcb_info.module_identities[0].module.attributes[0] = 1; }),
      ElementsAre("TDX_MODULE"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.body.seam_attributes = 1; }),
              ElementsAre("TDX_MODULE", "SEAM_ATTRIBUTES"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.body.mr_signer_seam[0] = 1; }),
              ElementsAre("TDX_MODULE", "MRSIGNERSEAM"));
  // Version 0 is judged by the document's tdxModule.
  EXPECT_THAT(FailedAfter([](TdxMachine& m) {
                m.quote.body.tee_tcb_svn[1] = 0;
                m.tcb_info.levels[0].tdx.svns[1] = 0;
                m.tcb_info.module_identities.clear();
                m.tcb_info.module->mr_signer[0] = 1;
              }),
              ElementsAre("TDX_MODULE"));
}

TEST(VerifyTdx, StatusesFailUnderTheirOwnNames) {
  const auto with = [](TcbStatus status) {
    return FailedAfter([status](TdxMachine& m) { m.tcb_info.levels[0].status = status; });
  };
  EXPECT_THAT(with(TcbStatus::kUpToDate), IsEmpty());
  EXPECT_THAT(with(TcbStatus::kSwHardeningNeeded),
              ElementsAre("TCB_SW_HARDENING_NEEDED", "TCB_STATUS"));
  EXPECT_THAT(with(TcbStatus::kConfigurationNeeded),
              ElementsAre("TCB_CONFIGURATION_NEEDED", "TCB_STATUS"));
  EXPECT_THAT(with(TcbStatus::kConfigurationAndSwHardeningNeeded),
              ElementsAre("TCB_CONFIGURATION_NEEDED", "TCB_SW_HARDENING_NEEDED", "TCB_STATUS"));
  EXPECT_THAT(with(TcbStatus::kOutOfDate), ElementsAre("TCB_OUT_OF_DATE", "TCB_STATUS"));
  EXPECT_THAT(with(TcbStatus::kOutOfDateConfigurationNeeded),
              ElementsAre("TCB_OUT_OF_DATE", "TCB_CONFIGURATION_NEEDED", "TCB_STATUS"));
  EXPECT_THAT(with(TcbStatus::kRevoked), ElementsAre("TCB_REVOKED", "TCB_STATUS"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.qe_report.isv_svn = 4; }),
              ElementsAre("TCB_OUT_OF_DATE", "TCB_STATUS"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.qe_report.isv_svn = 3; }),
              ElementsAre("TCB_NOT_SUPPORTED", "TCB_STATUS"));
}

TEST(VerifyTdx, PolicyAcceptsStatusesButNeverARevokedOne) {
  TdxMachine machine(4, false);
  TdxPolicy policy = TdxMachine::Policy();
  policy.accepted_statuses = PolicyField<std::vector<TcbStatus>>::Enforce(
      {TcbStatus::kUpToDate, TcbStatus::kOutOfDate, TcbStatus::kRevoked, TcbStatus::kNotSupported});
  machine.tcb_info.levels[0].status = TcbStatus::kOutOfDate;
  const TdxVerification seen = Verify(machine, policy);
  EXPECT_EQ(seen.verdict.outcome, Outcome::kTrusted) << seen.verdict.FirstFailure();
  EXPECT_NE(Find(seen.verdict, "TCB_OUT_OF_DATE", CheckResult::kWarn), nullptr);
  machine.tcb_info.levels[0].status = TcbStatus::kRevoked;
  EXPECT_THAT(Failed(Verify(machine, policy).verdict), ElementsAre("TCB_REVOKED", "TCB_STATUS"));
  machine.tcb_info.levels.resize(1);
  machine.tcb_info.levels[0].pce_svn = 99;
  EXPECT_THAT(Failed(Verify(machine, policy).verdict),
              ElementsAre("TCB_NOT_SUPPORTED", "TCB_STATUS"));
}

TEST(VerifyTdx, RefusalNamesTheComponentThatIsBehind) {
  TdxMachine machine(4, false);
  machine.pck.tcb.component_svns[0] = 2;
  const TdxVerification seen = Verify(machine);
  const Check* row = Find(seen.verdict, "TCB_OUT_OF_DATE", CheckResult::kFail);
  ASSERT_NE(row, nullptr);
  EXPECT_THAT(row->actual, ::testing::HasSubstr("SGX component 1 (BIOS, Early Microcode Update) "
                                                "is 2, needs 3"));
}

TEST(VerifyTdx, AdvisoriesHaveAPolicyOfTheirOwn) {
  TdxMachine machine(4, false);
  machine.tcb_info.levels[0].advisory_ids = {"INTEL-SA-1", "INTEL-SA-2"};
  TdxPolicy policy = TdxMachine::Policy();
  TdxVerification seen = Verify(machine, policy);
  EXPECT_EQ(seen.verdict.outcome, Outcome::kTrusted);
  EXPECT_THAT(seen.claims->tcb->advisory_ids, ElementsAre("INTEL-SA-1", "INTEL-SA-2"));
  const auto failed = [&](AdvisoryRule rule) {
    policy.advisories = PolicyField<AdvisoryRule>::Enforce(std::move(rule));
    return Failed(Verify(machine, policy).verdict);
  };
  EXPECT_THAT(failed({true, {}, {"INTEL-SA-2"}}), ElementsAre("TCB_ADVISORY"));
  EXPECT_THAT(failed({false, {"INTEL-SA-1"}, {}}), ElementsAre("TCB_ADVISORY"));
  EXPECT_THAT(failed({false, {"INTEL-SA-1", "INTEL-SA-2"}, {}}), IsEmpty());
  EXPECT_THAT(failed({false, {"INTEL-SA-1", "INTEL-SA-2"}, {"INTEL-SA-2"}}),
              ElementsAre("TCB_ADVISORY"));
  policy.advisories = PolicyField<AdvisoryRule>::Warn({false, {}, {}}, "the test");
  EXPECT_THAT(Failed(Verify(machine, policy).verdict), IsEmpty());
  machine.tcb_info.levels[0].advisory_ids.clear();
  policy.advisories = {};
  EXPECT_THAT(Failed(Verify(machine, policy).verdict), ElementsAre("POLICY", "TCB_ADVISORY"));
}

TEST(VerifyTdx, NothingSeenBeforeMayGoBack) {
  TdxMachine machine(4, false);
  const TdxPolicy policy = TdxMachine::Policy();
  const Bytes quote = machine.Quote();
  const auto failed = [&](const TdxFloors& floors) {
    return Failed(
        VerifyTdx(
            quote, machine.Collateral(),
            {.policy = policy, .roots = machine.Roots(), .at = TdxMachine::Now(), .floors = floors})
            .verdict);
  };
  const Bytes same = {7};
  const Bytes higher = {8};
  const absl::Time update = machine.pck_crl.this_update;
  EXPECT_THAT(failed({same, same, update, update, 18}), IsEmpty());
  EXPECT_THAT(failed({.pck_crl_number = higher}), ElementsAre("CRL_ROLLBACK"));
  EXPECT_THAT(failed({.root_crl_number = higher}), ElementsAre("CRL_ROLLBACK"));
  EXPECT_THAT(failed({.pck_crl_update = update + absl::Seconds(1)}), ElementsAre("CRL_ROLLBACK"));
  EXPECT_THAT(failed({.root_crl_update = update + absl::Seconds(1)}), ElementsAre("CRL_ROLLBACK"));
  EXPECT_THAT(failed({.tcb_evaluation_number = 19}), ElementsAre("COLLATERAL_ROLLBACK"));
}

TEST(VerifyTdx, AttributesOfTheTdAreChecked) {
  const auto with = [](uint64_t bits) {
    return FailedAfter([bits](TdxMachine& m) { m.quote.body.td_attributes ^= bits; });
  };
  for (int bit = 0; bit < 8; ++bit) EXPECT_THAT(with(1ull << bit), ElementsAre("DEBUG")) << bit;
  for (const uint64_t bit : {uint64_t{1} << 8, uint64_t{1} << 26, uint64_t{1} << 32,
                             uint64_t{1} << 61, kTdAttributeIcssd, kTdAttributeMigratable,
                             kTdAttributeTpa, kTdAttributePerfmon, kTdAttributeSeptVeDisable}) {
    EXPECT_THAT(with(bit), ElementsAre("TD_ATTRIBUTES")) << TdxFlagsHex(bit);
  }
  EXPECT_THAT(with(kTdAttributePks | kTdAttributeKeyLocker | kTdAttributeLass), IsEmpty());
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.body.xfam = 1; }), ElementsAre("XFAM"));
  EXPECT_THAT(FailedAfter([](TdxMachine& m) { m.quote.body.xfam = 1ull << 63 | 3; }),
              ElementsAre("XFAM"));
}

TEST(VerifyTdx, ValuesOfTheTdAreChecked) {
  const auto other = PolicyField<ByteSet>::Enforce({Bytes(48, 0xEE)});
  const std::pair<PolicyField<ByteSet> TdxPolicy::*, const char*> fields[] = {
      {&TdxPolicy::mr_td, "MRTD"},
      {&TdxPolicy::mr_config_id, "MRCONFIGID"},
      {&TdxPolicy::mr_owner, "MROWNER"},
      {&TdxPolicy::mr_owner_config, "MROWNERCONFIG"},
      {&TdxPolicy::mr_seam, "MRSEAM"},
      {&TdxPolicy::mr_signer_seam, "MRSIGNERSEAM"},
      {&TdxPolicy::mr_service_td, "SERVICE_TD"}};
  for (const auto& [field, name] : fields) {
    EXPECT_THAT(FailedUnder([field = field, &other](TdxPolicy& p) { p.*field = other; }),
                ElementsAre(name));
  }
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_THAT(FailedUnder([i, &other](TdxPolicy& p) { p.rtmr[i] = other; }),
                ElementsAre("RTMR" + std::to_string(i)));
  }
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) {
                p.mr_td = PolicyField<ByteSet>::Enforce({Bytes(48, 1), Bytes(48, 0x4D)});
              }),
              IsEmpty());
}

TEST(VerifyTdx, ReportDataIsChecked) {
  TdxMachine machine(4, false);
  const TdxPolicy policy = TdxMachine::Policy();
  const Bytes quote = machine.Quote();
  const auto failed = [&](const Bytes& expected) {
    return Failed(VerifyTdx(quote, machine.Collateral(),
                            {.policy = policy,
                             .roots = machine.Roots(),
                             .at = TdxMachine::Now(),
                             .report_data = expected})
                      .verdict);
  };
  EXPECT_THAT(failed(Bytes(64, 0x52)), IsEmpty());
  EXPECT_THAT(failed(Bytes(64, 0x53)), ElementsAre("NONCE"));
  EXPECT_THAT(failed(Bytes(63, 0x52)), ElementsAre("NONCE"));
}

TEST(VerifyTdx, PlatformsAreAllowedAndDenied) {
  const auto only = [](const Bytes& value) { return PolicyField<ByteSet>::Enforce({value}); };
  const Bytes fmspc = {0x90, 0xC0, 0x6F, 0, 0, 0};
  const Bytes ppid(16, 0x11);
  const Bytes instance(16, 0x22);
  EXPECT_THAT(FailedUnder([&](TdxPolicy& p) {
                p.allowed_fmspc = only(fmspc);
                p.allowed_ppid = only(ppid);
                p.allowed_platform_instances = only(instance);
                p.denied_ppid = only(instance);
              }),
              IsEmpty());
  EXPECT_THAT(FailedUnder([&](TdxPolicy& p) { p.denied_fmspc = only(fmspc); }),
              ElementsAre("PLATFORM_FMSPC"));
  EXPECT_THAT(FailedUnder([&](TdxPolicy& p) {
                p.allowed_ppid = only(ppid);
                p.denied_ppid = only(ppid);
              }),
              ElementsAre("PLATFORM_PPID"));
  EXPECT_THAT(FailedUnder([&](TdxPolicy& p) { p.allowed_ppid = only(instance); }),
              ElementsAre("PLATFORM_PPID"));
  EXPECT_THAT(FailedUnder([&](TdxPolicy& p) { p.denied_platform_instances = only(instance); }),
              ElementsAre("PLATFORM_INSTANCE"));
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.smt = FlagRule::kForbid; }),
              ElementsAre("PLATFORM_SMT"));
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.dynamic_platform = FlagRule::kRequire; }),
              ElementsAre("PLATFORM_DYNAMIC"));
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.cached_keys = FlagRule::kForbid; }),
              ElementsAre("PLATFORM_CACHED_KEYS"));
}

TEST(VerifyTdx, WhatThePckDoesNotSayMeetsNoRule) {
  TdxMachine machine(4, false);
  machine.pck.platform_instance_id.reset();
  machine.pck.configuration = {};
  TdxPolicy policy = TdxMachine::Policy();
  policy.smt = FlagRule::kForbid;
  policy.denied_platform_instances = PolicyField<ByteSet>::Enforce({Bytes(16, 9)});
  EXPECT_THAT(Failed(Verify(machine, policy).verdict),
              UnorderedElementsAre("PLATFORM_SMT", "PLATFORM_INSTANCE"));
}

TEST(VerifyTdx, PolicyWithAHoleTrustsNothing) {
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.xfam = {}; }), ElementsAre("POLICY", "XFAM"));
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.td_attributes.debug = FlagRule::kUnset; }),
              ElementsAre("POLICY", "DEBUG"));
  EXPECT_THAT(FailedUnder([](TdxPolicy& p) { p.mr_td = {}; }), ElementsAre("POLICY", "MRTD"));
}

TEST(VerifyTdx, EveryFlippedByteOfAQuoteIsRefused) {
  TdxMachine machine(5, true);
  const TdxPolicy policy = TdxMachine::Policy();
  const auto collateral = machine.Collateral();
  const SpkiPins roots = machine.Roots();
  const Bytes good = machine.Quote();
  PckChainCache cache(4);
  for (size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 0x01;
    const TdxVerification seen =
        VerifyTdx(bad, collateral,
                  {.policy = policy, .roots = roots, .at = TdxMachine::Now(), .cache = &cache});
    ASSERT_NE(seen.verdict.outcome, Outcome::kTrusted) << i;
  }
}

}  // namespace
}  // namespace kedge
