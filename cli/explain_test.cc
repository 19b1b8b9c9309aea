#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "base/host/system_clock.h"
#include "base/status_matchers.h"
#include "cli/claims_diff.h"
#include "cli/policy_change.h"
#include "cli/run.h"
#include "cli/verdict_document.h"
#include "crypto/system_random.h"
#include "proto/wire/attestation_policy.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

ordered_json Row(const std::string& id, const std::string& result, const std::string& expected,
                 const std::string& actual, const std::string& reason = "") {
  return {{"id", id},
          {"result", result},
          {"expected", expected},
          {"actual", actual},
          {"reason", reason}};
}

ordered_json Untrusted(const std::vector<ordered_json>& rows,
                       const ordered_json& claims = ordered_json::object()) {
  ordered_json document = {{"verdict", "untrusted"}};
  document["checks"] = ordered_json::array();
  for (const ordered_json& row : rows) document["checks"].push_back(row);
  document["claims"] = claims;
  return document;
}

class ExplainCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/explain.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name, const ordered_json& content) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << content.dump();
    return path;
  }
  ExitCode Run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    const Environment env{.out = out_,
                          .err = err_,
                          .clock = clock_,
                          .random = random_,
                          .run_exchange = nullptr,
                          .sleep = nullptr,
                          .read_input = nullptr};
    return cli::Run(std::move(arguments), env);
  }

  std::string folder_;
  std::ostringstream out_;
  std::ostringstream err_;
  SystemClock clock_;
  SystemRandom random_;
};

TEST_F(ExplainCommandTest, NamesComponentRemedyAndRule) {
  const std::string file = File(
      "v.json", Untrusted({Row("SIGNATURE", "pass", "fits", "fits"),
                           Row("TCB_MINIMUM", "fail", "at least bl 4, tee 0, snp 24, ucode 219",
                               "bl 4, tee 0, snp 8, ucode 219", "reported TCB")}));
  ASSERT_EQ(Run({"explain", file}), ExitCode::kGood) << err_.str();
  const std::string text = out_.str();
  for (const char* part : {"untrusted, 1 reason\n", "SNP firmware (snp) is 8, needs 24",
                           "snp.minimum_reported_tcb", "remedy    The host's firmware is older"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  ASSERT_EQ(Run({"--json", "explain", file}), ExitCode::kGood);
  const ordered_json answer = ordered_json::parse(out_.str());
  EXPECT_EQ(answer.at("reasons").size(), 1u);
  EXPECT_EQ(answer["reasons"][0].at("policy_rule"), "snp.minimum_reported_tcb");
}

TEST_F(ExplainCommandTest, WhatIsNoVerdictIsMalformed) {
  const ordered_json good = Untrusted({Row("SIGNATURE", "fail", "a", "b")});
  std::vector<ordered_json> bad = {ordered_json::array(), "text", {{"verdict", "trusted"}}};
  bad.push_back(good);
  bad.back()["verdict"] = "trusted";  // not what the checks give
  bad.push_back(good);
  bad.back()["checks"][0]["result"] = "maybe";
  bad.push_back(good);
  bad.back()["checks"][0].erase("actual");
  bad.push_back(good);
  bad.back()["claims"] = ordered_json::array();
  for (const ordered_json& document : bad) {
    EXPECT_EQ(Run({"explain", File("bad.json", document)}), ExitCode::kMalformed)
        << document.dump();
  }
  std::string deep = R"({"verdict":"untrusted","checks":[],"claims":{"a":)";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  EXPECT_THAT(ParseVerdictDocument(AsBytes(deep)), HasFault("MALFORMED"));
  EXPECT_EQ(Run({"explain", folder_ + "/nothing.json"}), ExitCode::kMalformed);
}

TEST_F(ExplainCommandTest, TextsOfEvidenceMoveNoCursor) {
  const std::string hostile = "a\x1b[2Jb\r\n\xC2\x9B\xE2\x80\xAEz\xE2\x80\xA6";
  ASSERT_OK_AND_ASSIGN(
      const VerdictDocument document,
      VerdictDocumentOf(Untrusted({Row("EVENT_RULE", "fail", "x", hostile, hostile)},
                                  {{hostile, ordered_json::array({hostile})}})));
  const std::string harmless = R"(a\x1b[2Jb\x0d\x0a\xc2\x9b\xe2\x80\xaez…)";
  EXPECT_EQ(document.checks[0].actual, harmless);
  EXPECT_EQ(document.checks[0].reason, harmless);
  EXPECT_EQ(document.claims.begin().key(), harmless);
  EXPECT_EQ(document.claims.begin().value()[0], harmless);
}

ordered_json Log(const std::vector<std::pair<std::string, std::string>>& events) {
  ordered_json list = ordered_json::array();
  for (const auto& [text, digest] : events) {
    list.push_back({{"index", list.size()},
                    {"register", 11},
                    {"type", "EV_IPL"},
                    {"trust", "verified"},
                    {"text", text},
                    {"digests", {{"sha256", digest}}}});
  }
  return {{"event_log", {{"registers", "pcr"}, {"events", std::move(list)}}}};
}

TEST(CompareClaims, NamesTheSectionOfTheKernelImageThatChanged) {
  const ordered_json good = Log({{".linux", "01"}, {".cmdline", "02"}, {".initrd", "03"}});
  const ordered_json now = Log({{".linux", "01"}, {".cmdline", "ff"}, {".initrd", "03"}});
  const std::vector<ClaimChange> changes = CompareClaims(good, now);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].component,
            "PCR 11 (sections of the unified kernel image, and the phases of the boot), event 1 "
            "EV_IPL '.cmdline'");
  EXPECT_EQ(changes[0].before, ".cmdline 02");
  EXPECT_EQ(changes[0].after, ".cmdline ff");
  EXPECT_TRUE(CompareClaims(good, good).empty());
}

TEST(CompareClaims, AnEventThatWasAddedShiftsNoOther) {
  const ordered_json good = Log({{".linux", "01"}, {".initrd", "03"}});
  const ordered_json now = Log({{".linux", "01"}, {"add-on", "77"}, {".initrd", "03"}});
  const std::vector<ClaimChange> added = CompareClaims(good, now);
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(added[0].before, "none");
  EXPECT_EQ(added[0].after, "add-on 77");
  const std::vector<ClaimChange> removed = CompareClaims(now, good);
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].before, "add-on 77");
  EXPECT_EQ(removed[0].after, "none");
}

TEST(CompareClaims, NamesFirmwareAndLeavesOutWhatIsAlwaysNew) {
  const ordered_json good = {{"reported_tcb", {{"snp", 24}, {"ucode", 219}}},
                             {"report_data", "00"},
                             {"rtmr", {"00", "11"}},
                             {"pcrs", {{"sha256", {{"7", "aa"}}}}}};
  ordered_json now = good;
  now["reported_tcb"]["snp"] = 8;
  now["report_data"] = "ff";
  now["rtmr"][1] = "22";
  now["pcrs"]["sha256"]["7"] = "bb";
  std::map<std::string, std::string> components;
  for (const ClaimChange& change : CompareClaims(good, now)) {
    components[change.path] = change.component + ": " + change.before + " to " + change.after;
  }
  const std::map<std::string, std::string> expected = {
      {"reported_tcb.snp", "SNP firmware of the host: 24 to 8"},
      {"rtmr[1]", "RTMR1: boot loader, unified kernel image, partition table: 11 to 22"},
      {"pcrs.sha256.7",
       "PCR 7: Secure Boot: its state, keys and databases, and who signed what was started: aa to "
       "bb"}};
  EXPECT_EQ(components, expected);
}

TEST_F(ExplainCommandTest, SinceNeedsAGoodVerdict) {
  const std::string bad = File("bad.json", Untrusted({Row("SIGNATURE", "fail", "a", "b")}));
  EXPECT_EQ(Run({"explain", bad, "--since", bad}), ExitCode::kMalformed);
  const std::string good = File("good.json", {{"verdict", "trusted"},
                                              {"checks", {Row("SIGNATURE", "pass", "a", "b")}},
                                              {"claims", {{"chip_id", "00"}}}});
  ASSERT_EQ(Run({"explain", bad, "--since", good}), ExitCode::kGood) << err_.str();
  EXPECT_NE(out_.str().find("the chip\n    was  00\n    is   none"), std::string::npos)
      << out_.str();
}

Check Failed(std::string name, std::string actual, std::string reason = "") {
  return {std::move(name), CheckResult::kFail, "x", std::move(actual), std::move(reason)};
}

// What --accept shows must be a policy that reads, and that says what was seen.
TEST(PolicyChange, ShowsRulesThatAPolicyUnderstands) {
  const std::string digest(96, 'a');
  const PolicyChange change = ChangeToAccept(
      {Failed("MEASUREMENT", digest, "launch measurement"),
       Failed("TCB_MINIMUM", "bl 4, tee 0, snp 8, ucode 115", "reported TCB"),
       Failed("FIRMWARE_VERSION", "1.55.20"), Failed("GUEST_POLICY", "on", "guest_policy.smt"),
       Failed("VMPL", "1"), Failed("GUEST_SVN", "3")},
      {{"product", "Milan"}});
  EXPECT_TRUE(change.beyond.empty());
  EXPECT_TRUE(change.by_hand.empty());
  ordered_json policy = {{"format", "kedge.attestation-policy.v1"},
                         {"snp", {{"defaults", "2026-11-24"}}}};
  for (const char* name :
       {"host_data", "report_data", "id_key_digest", "author_key_digest", "family_id", "image_id",
        "report_id", "report_id_ma", "allowed_chip_ids", "denied_chip_ids", "csp_ids"}) {
    policy["snp"][name] = {{"skip", "the test"}};
  }
  policy.merge_patch(change.rules);
  const std::string text = policy.dump();
  ASSERT_OK_AND_ASSIGN(const wire::AttestationPolicy read,
                       wire::ParseAttestationPolicy(AsBytes(text)));
  ASSERT_TRUE(read.snp.has_value());
  EXPECT_EQ(read.snp->measurement.value(), std::vector<Bytes>{Bytes(48, 0xAA)});
  EXPECT_EQ(read.snp->minimum_reported_tcb.value().at(SnpProduct::kMilan).snp, 8);
  EXPECT_EQ(ToString(read.snp->minimum_firmware.value()), "1.55.20");
  EXPECT_EQ(read.snp->guest_policy.smt, FlagRule::kAllow);
  EXPECT_EQ(read.snp->vmpl.value(), std::set<uint32_t>{1});
  EXPECT_EQ(read.snp->minimum_guest_svn.value(), 3u);
}

TEST(PolicyChange, TdxAndTpmRulesToo) {
  const PolicyChange change = ChangeToAccept(
      {Failed("TCB_OUT_OF_DATE", "platform OutOfDate"), Failed("TCB_STATUS", "OutOfDate"),
       Failed("TCB_ADVISORY", "INTEL-SA-00837"), Failed("COLLATERAL_AGE", "800 hours", "TCB info"),
       Failed("PCR_RULE", "00ff", "PCR 7 sha256")},
      ordered_json::object());
  EXPECT_TRUE(change.beyond.empty());
  EXPECT_EQ(change.rules.at("tdx").at("accepted_tcb_statuses").dump(),
            R"({"any_of":["OutOfDate"]})");
  EXPECT_EQ(change.rules["tdx"].at("advisories").dump(), R"({"accepted":["INTEL-SA-00837"]})");
  EXPECT_EQ(change.rules["tdx"].at("tcb_info_age").dump(), R"({"at_most_days":34})");
  EXPECT_EQ(change.rules.at("tpm").at("pcrs").dump(),
            R"([{"bank":"sha256","pcr":7,"accepted":["00ff"],"enforcement":"enforce"}])");
}

TEST(PolicyChange, SaysWhatNoPolicyLifts) {
  Check malformed = Failed("FORMAT", "bad");
  malformed.result = CheckResult::kMalformed;
  const PolicyChange change =
      ChangeToAccept({Failed("SIGNATURE", "does not fit"), malformed, Failed("XFAM", "ff"),
                      Failed("MEASUREMENT", "not hex")},
                     ordered_json::object());
  EXPECT_EQ(change.beyond.size(), 2u);
  EXPECT_EQ(change.by_hand.size(), 2u);
  EXPECT_TRUE(change.rules.empty()) << change.rules.dump();
}

}  // namespace
}  // namespace kedge::cli
