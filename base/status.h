// Errors: absl::Status with an optional machine-readable fault.
//
// A fault has a code (upper-case, stable, safe to show to an unauthenticated peer) and advice (what
// the caller should do). The message may hold detail and is for the owner's eyes only (S25).
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

namespace kedge {

using absl::Status;
using absl::StatusCode;
using absl::StatusOr;

// What the receiver of an error should do. Persisted on the wire: never renumber.
enum class Advice : int {
  kNone = 0,
  kRetry = 1,       // transient: back off and try again
  kReboot = 2,      // this boot cannot succeed
  kAskOperator = 3  // needs a person: retrying changes nothing
};

struct Fault {
  std::string code;
  Advice advice = Advice::kNone;
};

std::string_view ToString(Advice advice);

// Status constructors that take standard string types (Debian's absl 20220623 has its own
// string_view). `message` says what happened, what was expected and what to do next.
Status MakeError(StatusCode code, std::string_view message);
Status MakeFault(StatusCode code, std::string_view fault_code, Advice advice,
                 std::string_view message);

// Malformed outside bytes: INVALID_ARGUMENT with fault code "MALFORMED".
Status Malformed(std::string_view message);
// Well-formed but not acceptable: PERMISSION_DENIED with the given fault code, advice AskOperator.
Status Refused(std::string_view fault_code, std::string_view message);
inline Status Internal(std::string_view message) {
  return MakeError(StatusCode::kInternal, message);
}
inline Status FailedPrecondition(std::string_view message) {
  return MakeError(StatusCode::kFailedPrecondition, message);
}

// The fault carried by `status`, if any.
std::optional<Fault> GetFault(const Status& status);
// The fault's code, or "INTERNAL", "UNAVAILABLE" … derived from the status code.
std::string FaultCode(const Status& status);
bool IsRetryable(const Status& status);

// Puts "`context`: " before the message; code and fault are kept. OK stays OK.
Status Annotate(const Status& status, std::string_view context);

std::string MessageOf(const Status& status);

}  // namespace kedge

#define KEDGE_CONCAT_INNER(a, b) a##b
#define KEDGE_CONCAT(a, b) KEDGE_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                                \
  do {                                                             \
    ::absl::Status kedge_status_or_error = (expression);           \
    if (!kedge_status_or_error.ok()) return kedge_status_or_error; \
  } while (false)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
#define ASSIGN_OR_RETURN(declaration, expression) \
  KEDGE_ASSIGN_OR_RETURN_IMPL(KEDGE_CONCAT(kedge_status_or_, __LINE__), declaration, expression)
#define KEDGE_ASSIGN_OR_RETURN_IMPL(name, declaration, expression) \
  auto name = (expression);                                        \
  if (!name.ok()) return std::move(name).status();                 \
  declaration = std::move(name).value()
// NOLINTEND(bugprone-macro-parentheses)
