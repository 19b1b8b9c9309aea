// What one line of a policy may say. A rule that was never written is an error, and a check that is
// switched off says so in words: both end in the verdict (S20).
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/verify/check_list.h"
#include "base/bytes.h"

namespace kedge {

// About something that evidence says yes or no to.
enum class FlagRule { kUnset, kAllow, kRequire, kForbid, kRequireWhereStated };
// "unset", "allow", "require", "forbid", "require-where-stated"
std::string_view ToString(FlagRule rule);

// The values that are acceptable, or why all are. Exactly one of both must be there.
struct ValueRule {
  std::vector<Bytes> any_of;
  std::string skipped_because;

  bool is_set() const { return any_of.empty() != skipped_because.empty(); }
  bool is_skipped() const { return any_of.empty() && !skipped_because.empty(); }
  static ValueRule Skip(std::string because) { return {{}, std::move(because)}; }
};

// Values that are acceptable (or why all are), and values that never are.
struct ListRule {
  ValueRule allowed;
  std::vector<Bytes> denied;
};

// How old something may be, or why age does not matter.
struct AgeRule {
  absl::Duration at_most = absl::ZeroDuration();
  std::string skipped_because;

  bool is_set() const { return (at_most > absl::ZeroDuration()) != !skipped_because.empty(); }
};

// One row each. `value` of a flag that the evidence does not carry is nullopt: only kAllow and
// kRequireWhereStated take it.
void CheckFlag(FlagRule rule, std::optional<bool> value, std::string name, std::string what,
               CheckList& checks);
void CheckValue(const ValueRule& rule, ByteView value, std::string name, std::string what,
                CheckList& checks);
void CheckListed(const ListRule& rule, const std::optional<Bytes>& value, std::string name,
                 std::string what, CheckList& checks);

}  // namespace kedge
