#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <utility>

#include "attestation/verify/explain.h"
#include "cli/claims_diff.h"
#include "cli/evidence_commands.h"
#include "cli/policy_change.h"
#include "cli/verdict_document.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

struct ExplainOptions {
  std::string verdict;
  std::string since;
  bool accept = false;
};

bool Bad(const Check& check) {
  return check.result == CheckResult::kFail || check.result == CheckResult::kMalformed;
}

std::vector<Check> FailedRows(const VerdictDocument& document) {
  std::vector<Check> out;
  for (const Check& check : document.checks) {
    if (Bad(check)) out.push_back(check);
  }
  return out;
}

std::string RuleText(const Explanation& why) {
  return why.rule.empty() ? "none: no policy accepts this" : why.rule;
}

std::string ReasonText(size_t number, const Check& check, const Explanation& why) {
  std::string out = absl::StrCat(number, ". ", check.name, ": ", why.component, "\n");
  if (!why.differences.empty()) absl::StrAppend(&out, "   differs   ", why.differences, "\n");
  absl::StrAppend(&out, "   expected  ", check.expected, "\n   actual    ", check.actual,
                  "\n   remedy    ", why.remedy, "\n   policy    ", RuleText(why), "\n\n");
  return out;
}

ordered_json ReasonJson(const Check& check, const Explanation& why) {
  return {{"id", check.name},
          {"result", std::string(ToString(check.result))},
          {"component", why.component},
          {"differs", why.differences},
          {"expected", check.expected},
          {"actual", check.actual},
          {"reason", check.reason},
          {"remedy", why.remedy},
          {"policy_rule", why.rule.empty() ? ordered_json() : ordered_json(why.rule)}};
}

void PutChanges(const std::vector<ClaimChange>& changes, Answer& answer) {
  ordered_json list = ordered_json::array();
  absl::StrAppend(&answer.text, "changed since the good verdict: ", changes.size(), "\n");
  for (const ClaimChange& change : changes) {
    absl::StrAppend(&answer.text, "  ", change.component, "\n    was  ", change.before,
                    "\n    is   ", change.after, "\n");
    list.push_back({{"component", change.component},
                    {"claim", change.path},
                    {"before", change.before},
                    {"after", change.after}});
  }
  absl::StrAppend(&answer.text, "\n");
  answer.json["changes"] = std::move(list);
}

void PutAcceptance(const PolicyChange& change, Answer& answer) {
  ordered_json out = {{"accepts", change.beyond.empty()},
                      {"rules", change.rules},
                      {"by_hand", change.by_hand},
                      {"beyond_policy", change.beyond}};
  if (!change.beyond.empty()) {
    absl::StrAppend(&answer.text, "No policy accepts this evidence, because of\n");
    for (const std::string& what : change.beyond) absl::StrAppend(&answer.text, "  ", what, "\n");
  }
  if (!change.rules.empty()) {
    absl::StrAppend(&answer.text,
                    "These rules, merged into the policy, accept what was seen. Merge them only "
                    "where you know why it changed:\n",
                    change.rules.dump(2), "\n");
  }
  if (!change.by_hand.empty()) {
    absl::StrAppend(&answer.text, "To be decided by hand:\n");
    for (const std::string& what : change.by_hand) absl::StrAppend(&answer.text, "  ", what, "\n");
  }
  answer.json["policy_change"] = std::move(out);
}

StatusOr<VerdictDocument> Read(const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes file, ReadVerdictFile(path));
  StatusOr<VerdictDocument> document = ParseVerdictDocument(file);
  if (!document.ok()) return Annotate(document.status(), path);
  return document;
}

StatusOr<Answer> RunExplain(const ExplainOptions& options) {
  ASSIGN_OR_RETURN(const VerdictDocument document, Read(options.verdict));
  const std::vector<Check> failed = FailedRows(document);
  Answer answer;
  ordered_json reasons = ordered_json::array();
  answer.text = absl::StrCat("verdict  ", std::string(ToString(document.outcome)), ", ",
                             failed.size(), failed.size() == 1 ? " reason\n\n" : " reasons\n\n");
  for (const Check& check : failed) {
    const Explanation why = Explain(check);
    reasons.push_back(ReasonJson(check, why));
    absl::StrAppend(&answer.text, ReasonText(reasons.size(), check, why));
  }
  if (failed.empty() && document.outcome != Outcome::kTrusted) {
    absl::StrAppend(&answer.text,
                    "No check was made that could pass: nothing shows that the "
                    "evidence is genuine.\n\n");
  }
  answer.json = {{"verdict", std::string(ToString(document.outcome))},
                 {"reasons", std::move(reasons)}};
  if (!options.since.empty()) {
    ASSIGN_OR_RETURN(const VerdictDocument good, Read(options.since));
    if (good.outcome != Outcome::kTrusted) {
      return MakeError(StatusCode::kInvalidArgument,
                       options.since + ": --since needs a verdict that was trusted");
    }
    PutChanges(CompareClaims(good.claims, document.claims), answer);
  }
  if (options.accept) PutAcceptance(ChangeToAccept(failed, document.claims), answer);
  return answer;
}

}  // namespace

void AddExplain(CLI::App& app, Call& call) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand(
      "explain", "say why evidence was refused, what changed, and what to do about it");
  command->footer(
      "Reads what `kedge verify ... --json` wrote: kedge verify snp ... --json | kedge explain -");
  command->add_option("VERDICT", options->verdict, "the verdict's JSON; - for standard input")
      ->required();
  command->add_option("--since", options->since,
                      "an earlier verdict of the same machine that was trusted: show what changed");
  command->add_flag("--accept", options->accept,
                    "show the change of the policy that would accept this evidence");
  command->callback(
      [options, &call] { call = [options](const Environment&) { return RunExplain(*options); }; });
}

}  // namespace kedge::cli
