#include "cli/verdict_output.h"

#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include <algorithm>

#include "cli/table.h"

namespace kedge::cli {
namespace {

constexpr size_t kWidestValue = 64;

bool Bad(const Check& check) {
  return check.result == CheckResult::kFail || check.result == CheckResult::kMalformed;
}

std::string DetailOf(const Check& check) {
  switch (check.result) {
    case CheckResult::kSkipped:
      return absl::StrCat("by ", check.reason, check.actual.empty() ? "" : ": ", check.actual);
    case CheckResult::kPass: {
      const std::string value =
          check.actual.size() > kWidestValue ? Short(check.actual) : check.actual;
      return check.reason.empty() ? value : absl::StrCat(check.reason, ": ", value);
    }
    default:
      return absl::StrCat(check.reason, check.reason.empty() ? "" : ": ", "expected ",
                          check.expected, ", got ", check.actual);
  }
}

}  // namespace

nlohmann::ordered_json ChecksJson(const std::vector<Check>& checks) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Check& check : checks) {
    out.push_back({{"id", check.name},
                   {"result", ResultText(check)},
                   {"expected", check.expected},
                   {"actual", check.actual},
                   {"reason", check.reason}});
  }
  return out;
}

std::string ChecksText(const std::vector<Check>& checks) {
  Table table({"CHECK", "RESULT", "DETAIL"});
  for (const Check& check : checks) {
    table.Add({check.name, std::string(ToString(check.result)), DetailOf(check)});
  }
  return table.Print();
}

std::vector<std::string> FailedChecks(const Verdict& verdict) {
  std::vector<std::string> out;
  for (const Check& check : verdict.checks) {
    if (Bad(check) && std::find(out.begin(), out.end(), check.name) == out.end()) {
      out.push_back(check.name);
    }
  }
  return out;
}

Answer VerdictAnswer(const Verdict& verdict, nlohmann::ordered_json claims) {
  const std::string word(ToString(verdict.outcome));
  Answer answer;
  if (claims.is_null()) claims = nlohmann::ordered_json::object();
  answer.json = {
      {"verdict", word}, {"checks", ChecksJson(verdict.checks)}, {"claims", std::move(claims)}};
  answer.text = absl::StrCat(ChecksText(verdict.checks), "\nverdict  ", word, "\n");
  if (verdict.outcome == Outcome::kMalformed) {
    answer.verdict = Malformed("malformed evidence: " + verdict.FirstFailure());
  } else if (!verdict.trusted()) {
    const std::vector<std::string> failed = FailedChecks(verdict);
    answer.verdict = Refused(failed.empty() ? "NOT_TRUSTED" : failed.front(),
                             "evidence is not trusted: " + verdict.FirstFailure());
  }
  return answer;
}

StatusOr<absl::Time> ParseTime(const std::string& text) {
  absl::Time time;
  std::string error;
  // absl also takes "infinite-future".
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error) || time == absl::InfiniteFuture() ||
      time == absl::InfinitePast()) {
    return MakeError(StatusCode::kInvalidArgument,
                     "'" + text + "' is not a time of the form 2026-01-31T00:00:00Z");
  }
  return time;
}

}  // namespace kedge::cli
