#include "attestation/collateral/http.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

namespace kedge::collateral {

Status CheckAnswer(const std::string& url, const HttpAnswer& answer) {
  if (answer.status == 200) return absl::OkStatus();
  const std::string what = absl::StrCat(url, " answered with status ", answer.status);
  if (answer.status == 429 || answer.status == 503) {
    return MakeFault(StatusCode::kUnavailable, "COLLATERAL_THROTTLED", Advice::kRetry,
                     what + ": too many requests; the answer will be asked for again later");
  }
  if (answer.status == 404) {
    return MakeFault(StatusCode::kNotFound, "COLLATERAL_UNKNOWN", Advice::kAskOperator,
                     what + ": the service knows no such platform or document");
  }
  return MakeFault(StatusCode::kUnavailable, "COLLATERAL_UNAVAILABLE", Advice::kRetry,
                   what + ", expected 200");
}

std::optional<absl::Duration> RetryAfter(const HttpAnswer& answer) {
  const auto found = answer.headers.find("retry-after");
  uint32_t seconds = 0;
  if (found == answer.headers.end() || !absl::SimpleAtoi(found->second, &seconds)) {
    return std::nullopt;
  }
  return absl::Seconds(seconds);
}

StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const auto byte = i + 2 < text.size() ? FromHex(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte || byte->size() != 1) return Malformed("percent-encoding that is cut off or wrong");
    out.push_back(static_cast<char>((*byte)[0]));
    i += 2;
  }
  return out;
}

}  // namespace kedge::collateral
