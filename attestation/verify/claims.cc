#include "attestation/verify/claims.h"

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
  }
  return "unknown";
}

std::string Verdict::FirstFailure() const {
  for (const Check& check : checks) {
    if (check.result == CheckResult::kFail) {
      return check.name + ": expected " + check.expected + ", got " + check.actual;
    }
  }
  return "";
}

}  // namespace kedge
