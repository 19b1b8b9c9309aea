#include "attestation/verify/check_list.h"

#include <algorithm>
#include <iterator>

namespace kedge {

std::string_view ToString(CheckResult result) {
  switch (result) {
    case CheckResult::kPass:
      return "pass";
    case CheckResult::kFail:
      return "fail";
    case CheckResult::kWarn:
      return "warn";
    case CheckResult::kSkipped:
      return "skipped";
    case CheckResult::kMalformed:
      return "malformed";
  }
  return "unknown";
}

std::string ResultText(const Check& check) {
  const std::string text(ToString(check.result));
  return check.result == CheckResult::kSkipped ? text + ": " + check.reason : text;
}

std::string_view ToString(Outcome outcome) {
  switch (outcome) {
    case Outcome::kTrusted:
      return "trusted";
    case Outcome::kUntrusted:
      return "untrusted";
    case Outcome::kMalformed:
      return "malformed";
  }
  return "unknown";
}

std::string Verdict::FirstFailure() const {
  for (const Check& check : checks) {
    if (check.result == CheckResult::kFail || check.result == CheckResult::kMalformed) {
      const std::string reason = check.reason.empty() ? "" : " (" + check.reason + ")";
      return check.name + reason + ": expected " + check.expected + ", got " + check.actual;
    }
  }
  return trusted() ? "" : "nothing was checked";
}

void CheckList::Add(std::string name, CheckResult result, std::string expected, std::string actual,
                    std::string reason) {
  constexpr size_t kUsual = 64;  // rows of a verdict about hardware
  if (checks_.empty()) checks_.reserve(kUsual);
  checks_.push_back(
      {std::move(name), result, std::move(expected), std::move(actual), std::move(reason)});
}

void CheckList::Pass(std::string name, std::string expected, std::string actual,
                     std::string reason) {
  Add(std::move(name), CheckResult::kPass, std::move(expected), std::move(actual),
      std::move(reason));
}

void CheckList::Fail(std::string name, std::string expected, std::string actual,
                     std::string reason) {
  Add(std::move(name), CheckResult::kFail, std::move(expected), std::move(actual),
      std::move(reason));
}

void CheckList::Warn(std::string name, std::string expected, std::string actual,
                     std::string reason) {
  Add(std::move(name), CheckResult::kWarn, std::move(expected), std::move(actual),
      std::move(reason));
}

void CheckList::Skip(std::string name, std::string allowed_by, std::string actual) {
  Add(std::move(name), CheckResult::kSkipped, "any", std::move(actual), std::move(allowed_by));
}

void CheckList::Malformed(std::string name, std::string expected, std::string actual,
                          std::string reason) {
  Add(std::move(name), CheckResult::kMalformed, std::move(expected), std::move(actual),
      std::move(reason));
}

bool CheckList::Demand(std::string name, bool good, std::string expected, std::string actual,
                       std::string reason) {
  Add(std::move(name), good ? CheckResult::kPass : CheckResult::kFail, std::move(expected),
      std::move(actual), std::move(reason));
  return good;
}

bool CheckList::DemandOk(std::string name, const Status& status, std::string expected,
                         std::string reason) {
  std::string actual = status.ok() ? expected : MessageOf(status);
  return Demand(std::move(name), status.ok(), std::move(expected), std::move(actual),
                std::move(reason));
}

bool CheckList::DemandEqual(std::string name, ByteView expected, ByteView actual,
                            std::string reason) {
  return Demand(std::move(name), Equal(expected, actual), ToHex(expected), ToHex(actual),
                std::move(reason));
}

void CheckList::Append(CheckList other) { Append(std::move(other.checks_)); }

void CheckList::Append(std::vector<Check> rows) {
  std::move(rows.begin(), rows.end(), std::back_inserter(checks_));
}

Outcome CheckList::outcome() const {
  const auto any = [this](CheckResult result) {
    return std::any_of(checks_.begin(), checks_.end(),
                       [result](const Check& check) { return check.result == result; });
  };
  if (any(CheckResult::kMalformed)) return Outcome::kMalformed;
  // A list of nothing but skipped rows and warnings has shown nothing.
  if (any(CheckResult::kFail) || !any(CheckResult::kPass)) return Outcome::kUntrusted;
  return Outcome::kTrusted;
}

Verdict CheckList::Take() && {
  const Outcome seen = outcome();
  return {.outcome = seen, .checks = std::move(checks_)};
}

}  // namespace kedge
