// The answer of every verifier: a list of named checks, and one verdict that follows from it and
// from nothing else. Fail-closed: a verdict is trusted only where checks were made and none failed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

enum class CheckResult { kPass, kFail, kWarn, kSkipped, kMalformed };
std::string_view ToString(CheckResult result);

// One named row of a verdict, for the owner's eyes.
struct Check {
  // Stable name. Checks of hardware evidence carry a code in upper case ("SIGNATURE", "CRL_STALE");
  // several rows may share one and differ by `reason`. Checks of our own node are named after what
  // they compare ("pcr.11", "event.init-data").
  std::string name;
  CheckResult result = CheckResult::kFail;
  std::string expected;
  std::string actual;
  // What the row is about where the name is not enough; for a skipped row, who allowed that.
  std::string reason = {};
};
// "pass", "fail", "warn", "malformed", or "skipped: WHO ALLOWED IT".
std::string ResultText(const Check& check);

// Malformed input is a different answer from input that says something unacceptable: the first is
// a broken sender or an attack, the second may be an update that the policy does not know yet.
enum class Outcome { kTrusted, kUntrusted, kMalformed };
std::string_view ToString(Outcome outcome);  // "trusted", "untrusted", "malformed"

struct Verdict {
  Outcome outcome = Outcome::kUntrusted;
  std::vector<Check> checks;

  bool trusted() const { return outcome == Outcome::kTrusted; }
  // The first check that failed or found malformed input, for one-line messages; empty where
  // trusted.
  std::string FirstFailure() const;
};

// Collects the rows of one verdict.
class CheckList {
 public:
  void Pass(std::string name, std::string expected, std::string actual, std::string reason = "");
  void Fail(std::string name, std::string expected, std::string actual, std::string reason = "");
  // Said to the owner, never a reason to refuse.
  void Warn(std::string name, std::string expected, std::string actual, std::string reason = "");
  // A check that a policy switched off in writing; `allowed_by` names the policy's own words.
  void Skip(std::string name, std::string allowed_by, std::string actual = "");
  // Bytes that are not what they claim to be. The whole verdict becomes malformed.
  void Malformed(std::string name, std::string expected, std::string actual,
                 std::string reason = "");
  // Pass or Fail; gives `good` back.
  bool Demand(std::string name, bool good, std::string expected, std::string actual,
              std::string reason = "");
  // Pass where `status` is OK, else Fail with the status' message as what was seen.
  bool DemandOk(std::string name, const Status& status, std::string expected,
                std::string reason = "");
  // Pass where the bytes are equal; both shown in hex.
  bool DemandEqual(std::string name, ByteView expected, ByteView actual, std::string reason = "");

  // All rows of another list after those of this one.
  void Append(CheckList other);
  void Append(std::vector<Check> rows);

  const std::vector<Check>& checks() const { return checks_; }
  // Malformed where any row is, else untrusted where any row failed or there is none, else trusted.
  Outcome outcome() const;
  Verdict Take() &&;

 private:
  void Add(std::string name, CheckResult result, std::string expected, std::string actual,
           std::string reason);

  std::vector<Check> checks_;
};

}  // namespace kedge
