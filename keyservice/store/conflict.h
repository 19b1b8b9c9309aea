// Errors that every Store reports in the same words.
#pragma once

#include <string_view>

#include "base/status.h"

namespace kedge {

// ABORTED, fault REVISION_CONFLICT: read again, decide again.
Status RevisionConflict(std::string_view key, uint64_t expected, uint64_t found);
// INVALID_ARGUMENT unless `size` fits kMaxStoredValue.
Status CheckValueSize(std::string_view key, size_t size);

}  // namespace kedge
