#include "attestation/channel_grpc/endpoint.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace kedge {
namespace {

constexpr size_t kMaxHost = 253;  // RFC 1035 section 2.3.4

bool IsDigitOrLetter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsName(std::string_view host) {
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return IsDigitOrLetter(c) || c == '.' || c == '-'; });
}

bool IsBracketedAddress(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  host = host.substr(1, host.size() - 2);
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return IsDigitOrLetter(c) || c == '.' || c == ':'; });
}

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

}  // namespace

StatusOr<std::string> TargetOfEndpoint(std::string_view endpoint) {
  const size_t colon = endpoint.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view host = endpoint.substr(0, colon);
    if (!host.empty() && host.size() <= kMaxHost && (IsName(host) || IsBracketedAddress(host)) &&
        IsPort(endpoint.substr(colon + 1))) {
      return "dns:///" + std::string(endpoint);
    }
  }
  return MakeError(StatusCode::kInvalidArgument,
                   "an endpoint is HOST:PORT with a name, an IPv4 address or a bracketed IPv6 "
                   "address; correct it in the invitation or on the command line");
}

}  // namespace kedge
