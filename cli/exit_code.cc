#include "cli/exit_code.h"

namespace kedge::cli {

ExitCode ExitCodeOf(const Status& status) {
  if (status.ok()) return ExitCode::kGood;
  const std::string fault = FaultCode(status);
  for (const char* waiting : {"NOT_SERVING", "AWAITING_INIT", "AWAITING_SEED"}) {
    if (fault == waiting) return ExitCode::kWaiting;
  }
  if (fault == "FILE_TOO_LARGE") return ExitCode::kMalformed;
  if (IsRetryable(status)) return ExitCode::kUnreachable;
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
    case StatusCode::kAlreadyExists:
      return ExitCode::kMalformed;
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnauthenticated:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kDataLoss:
      return ExitCode::kRefused;
    default:
      return ExitCode::kInternal;
  }
}

}  // namespace kedge::cli
