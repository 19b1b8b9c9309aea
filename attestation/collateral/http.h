// What the collateral clients need of HTTP, as a port: one GET, a bounded answer.
#pragma once

#include <absl/time/time.h>

#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge::collateral {

// Intel's and AMD's documents are below 100 KiB; a revocation list may grow.
inline constexpr size_t kMaxAnswer = 4 * 1024 * 1024;

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; of repeated ones the last
  Bytes body;
};

class Http {
 public:
  virtual ~Http() = default;
  // The answer of the server, whatever its status. UNAVAILABLE where there was none that is whole:
  // no connection, a certificate that is not trusted, too slow, cut off, larger than kMaxAnswer.
  // Blocking; safe from any thread.
  virtual StatusOr<HttpAnswer> Get(const std::string& url) = 0;
};

// The body of an answer with status 200. Otherwise UNAVAILABLE with fault COLLATERAL_THROTTLED (429
// and 503), NOT_FOUND with COLLATERAL_UNKNOWN (404), or UNAVAILABLE with COLLATERAL_UNAVAILABLE.
Status CheckAnswer(const std::string& url, const HttpAnswer& answer);
// Retry-After in seconds (RFC 9110 section 10.2.3); dates are not read.
std::optional<absl::Duration> RetryAfter(const HttpAnswer& answer);

// Percent-decoding (RFC 3986 section 2.1) of a header that carries PEM. MALFORMED.
StatusOr<std::string> PercentDecode(std::string_view text);

}  // namespace kedge::collateral
