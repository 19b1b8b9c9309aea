// What one line of a policy may say. A rule that was never written is an error, and a check that is
// switched off says so in words: both end in the verdict (S20).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/verify/check_list.h"
#include "attestation/verify/policy_field.h"
#include "base/bytes.h"

namespace kedge {

// About something that evidence says yes or no to.
enum class FlagRule { kUnset, kAllow, kRequire, kForbid, kRequireWhereStated };
// "unset", "allow", "require", "forbid", "require-where-stated"
std::string_view ToString(FlagRule rule);

// A row for one flag. `value` is nullopt where the evidence does not say: only kAllow and
// kRequireWhereStated take that.
void CheckFlag(FlagRule rule, std::optional<bool> value, std::string name, std::string what,
               CheckList& checks);

// A row for a value that must be one of those allowed; an empty set allows nothing. What the
// evidence does not state (nullopt) is in no set.
using ByteSet = std::vector<Bytes>;
void CheckAllowed(const PolicyField<ByteSet>& allowed, const std::optional<Bytes>& value,
                  const char* name, const std::string& what, CheckList& checks);
// A row for a value that must be none of those denied. An empty set denies nothing; another one
// cannot be kept to where the evidence does not state the value, and then fails.
void CheckDenied(const PolicyField<ByteSet>& denied, const std::optional<Bytes>& value,
                 const char* name, const std::string& what, CheckList& checks);

}  // namespace kedge
