#include "keyservice/store/conflict.h"

#include <absl/strings/str_cat.h>

#include <string>

#include "keyservice/core/store.h"

namespace kedge {

Status RevisionConflict(std::string_view key, uint64_t expected, uint64_t found) {
  return MakeFault(StatusCode::kAborted, "REVISION_CONFLICT", Advice::kRetry,
                   absl::StrCat("key ", std::string(key), " is at revision ", found, ", expected ",
                                expected, "; read it again before writing"));
}

Status CheckValueSize(std::string_view key, size_t size) {
  if (size <= kMaxStoredValue) return absl::OkStatus();
  return MakeError(StatusCode::kInvalidArgument,
                   absl::StrCat("value of ", std::string(key), " has ", size, " bytes, at most ",
                                kMaxStoredValue, " are stored"));
}

}  // namespace kedge
