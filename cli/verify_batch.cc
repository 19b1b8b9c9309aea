#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "base/host/files.h"
#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/verdict_output.h"

namespace kedge::cli {

std::string BatchCase::BaseFile(const std::string& name) const {
  return base.empty() ? "" : root + "/" + base + "/" + name;
}

bool BatchCase::is_single_file() const { return std::filesystem::is_regular_file(Path()); }

namespace {

using nlohmann::json;

constexpr size_t kMaxCasesFile = 16 * 1024 * 1024;

struct Entry {
  std::string_view tech;
  BatchVerifier verify;
};
// Every technology that there is a verifier for.
constexpr std::array kVerifiers = {
    Entry{"azure-hcl", &VerifyHclCase},
    Entry{"azure-vtpm", &VerifyHclCase},
    Entry{"azure-vtpm-snp", &VerifyHclCase},
    Entry{"azure-vtpm-tdx", &VerifyHclCase},
    Entry{"ek", &VerifyEkCase},
    Entry{"eventlog", &VerifyEventLogCase},
    Entry{"eventlog-ccel", &VerifyEventLogCase},
    Entry{"eventlog-tpm", &VerifyEventLogCase},
    Entry{"nitro", &VerifyNitroCase},
    Entry{"snp", &VerifySnpCase},
    Entry{"tdx", &VerifyTdxCase},
    Entry{"tpm", &VerifyTpmCase},
};

// What describes a case or how it was made; every other field is a decoded value to compare.
const std::set<std::string>& DescriptiveFields() {
  static const std::set<std::string> kFields = {"dir",
                                                "tech",
                                                "time",
                                                "outcome",
                                                "expect",
                                                "nonce",
                                                "expect_crypto",
                                                "base",
                                                "python_failures",
                                                "failures",
                                                "detail",
                                                "matches",
                                                "differs",
                                                "why",
                                                "tpm2_eventlog_agrees",
                                                "qvl"};
  return kFields;
}

StatusOr<BatchCase> CaseOf(const json& entry, const std::string& root) {
  BatchCase out;
  out.root = root;
  out.dir = entry.value("dir", "");
  out.tech = entry.value("tech", "");
  out.base = entry.value("base", "");
  if (out.dir.empty() || out.tech.empty() || !entry.contains("outcome") ||
      !entry.contains("expect")) {
    return Malformed("case without dir, tech, outcome or expect: " + entry.dump());
  }
  if (entry.contains("time") && entry["time"].is_string()) {
    ASSIGN_OR_RETURN(out.time, ParseTime(entry["time"].get<std::string>()));
  }
  if (entry.contains("nonce") && entry["nonce"].is_string()) {
    const std::optional<Bytes> nonce = FromHex(entry["nonce"].get<std::string>());
    if (!nonce) return Malformed("case " + out.dir + ": nonce is not hex");
    out.nonce = *nonce;
  }
  return out;
}

bool OutcomeMatches(const std::string& expected, Outcome seen) {
  const std::string word(ToString(seen));
  for (size_t at = 0; at <= expected.size();) {
    const size_t end = std::min(expected.find("-or-", at), expected.size());
    if (expected.substr(at, end - at) == word) return true;
    at = end + 4;
  }
  return false;
}

// "reject:A/B" wants one of the codes among the failed checks; "valid" and "reject" want none.
bool ReasonMatches(const std::string& expect, const std::vector<std::string>& failed) {
  const size_t colon = expect.find(':');
  if (colon == std::string::npos) return true;
  for (size_t at = colon + 1; at <= expect.size();) {
    const size_t end = std::min(expect.find('/', at), expect.size());
    const std::string code = expect.substr(at, end - at);
    if (std::find(failed.begin(), failed.end(), code) != failed.end()) return true;
    at = end + 1;
  }
  return false;
}

std::vector<std::string> DifferentFields(const json& entry, const json& claims) {
  std::vector<std::string> out;
  for (const auto& [name, value] : entry.items()) {
    if (DescriptiveFields().count(name) != 0) continue;
    const json seen = claims.is_object() ? claims.value(name, json("no such claim")) : json();
    if (seen != value) {
      out.push_back(absl::StrCat(name, ": expected ", value.dump(), ", got ", seen.dump()));
    }
  }
  return out;
}

struct Line {
  bool matches = false;
  std::string expected;
  std::string got;
  std::vector<std::string> failed;
  std::vector<std::string> differences;
};

Line RunCase(const json& entry, const std::string& root, const wire::AttestationPolicy* policy) {
  Line line;
  line.expected = absl::StrCat(entry.value("outcome", "?"), " ", entry.value("expect", "?"));
  StatusOr<BatchCase> batch_case = CaseOf(entry, root);
  if (!batch_case.ok()) {
    line.got = MessageOf(batch_case.status());
    return line;
  }
  batch_case->policy = policy;
  const auto verifier = std::find_if(kVerifiers.begin(), kVerifiers.end(), [&](const Entry& known) {
    return known.tech == batch_case->tech;
  });
  if (verifier == kVerifiers.end()) {
    line.got = "no verifier for " + batch_case->tech;
    return line;
  }
  const StatusOr<BatchResult> result = verifier->verify(*batch_case);
  if (!result.ok()) {
    line.got = "not run: " + MessageOf(result.status());
    return line;
  }
  line.got = std::string(ToString(result->verdict.outcome));
  line.failed = FailedChecks(result->verdict);
  line.differences = DifferentFields(entry, result->claims);
  line.matches = OutcomeMatches(entry["outcome"].get<std::string>(), result->verdict.outcome) &&
                 ReasonMatches(entry["expect"].get<std::string>(), line.failed) &&
                 line.differences.empty();
  return line;
}

std::string TextOf(const std::string& dir, const Line& line) {
  std::string out = absl::StrCat(line.matches ? "ok   " : "DIFF ", dir, "  expected ",
                                 line.expected, ", got ", line.got);
  if (!line.failed.empty()) absl::StrAppend(&out, " [", absl::StrJoin(line.failed, " "), "]");
  for (const std::string& difference : line.differences) {
    absl::StrAppend(&out, "\n     ", difference);
  }
  return out + "\n";
}

struct VerifyBatchOptions {
  std::string cases;
  std::string root;
  std::string policy;
};

// Every case, matching or not. The verdict is PERMISSION_DENIED where one differs.
StatusOr<Answer> VerifyBatch(const VerifyBatchOptions& options) {
  ASSIGN_OR_RETURN(const Bytes file, ReadFileBounded(options.cases, kMaxCasesFile));
  const json cases = json::parse(file.begin(), file.end(), nullptr, /*allow_exceptions=*/false);
  if (!cases.is_array()) return Malformed(options.cases + ": expected a JSON list of cases");
  std::optional<wire::AttestationPolicy> policy;
  if (!options.policy.empty()) {
    ASSIGN_OR_RETURN(policy, LoadAttestationPolicy(options.policy));
  }
  Answer answer;
  answer.json["cases"] = nlohmann::ordered_json::array();
  size_t matching = 0;
  for (const json& entry : cases) {
    if (!entry.is_object()) return Malformed(options.cases + ": a case is not an object");
    const Line line = RunCase(entry, options.root, policy ? &*policy : nullptr);
    const std::string dir = entry.value("dir", "?");
    matching += line.matches ? 1 : 0;
    absl::StrAppend(&answer.text, TextOf(dir, line));
    answer.json["cases"].push_back({{"dir", dir},
                                    {"match", line.matches},
                                    {"expected", line.expected},
                                    {"got", line.got},
                                    {"failed", line.failed},
                                    {"differences", line.differences}});
  }
  const size_t different = cases.size() - matching;
  absl::StrAppend(&answer.text, cases.size(), " cases, ", matching, " match, ", different,
                  " differ\n");
  answer.json["match"] = matching;
  answer.json["differ"] = different;
  if (cases.empty()) {
    answer.verdict = Malformed(options.cases + ": no cases");
  } else if (different != 0) {
    answer.verdict = Refused("CASES_DIFFER", absl::StrCat(different, " cases differ"));
  }
  return answer;
}

}  // namespace

void AddVerifyBatch(CLI::App& verify, const Common&, Call& call) {
  const auto options = std::make_shared<VerifyBatchOptions>();
  CLI::App* command = verify.add_subcommand(
      "batch", "run a list of cases and compare verdict, reason and decoded values");
  command->add_option("--cases", options->cases, "JSON list of cases")->required();
  command->add_option("--root", options->root, "folder that the cases' paths start from")
      ->required();
  command->add_option("--policy", options->policy,
                      "an attestation policy instead of the rules that come with the cases");
  command->callback(
      [options, &call] { call = [options](const Environment&) { return VerifyBatch(*options); }; });
}

}  // namespace kedge::cli
