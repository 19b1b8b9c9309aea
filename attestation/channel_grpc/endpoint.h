// Where a key service is reached: "host:port". For reachability only, never for trust (S19).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace kedge {

// gRPC's name for `endpoint`: a DNS name, an IPv4 address or a bracketed IPv6 address, and a port.
// INVALID_ARGUMENT for anything else, so that no other resolver of gRPC can be named.
StatusOr<std::string> TargetOfEndpoint(std::string_view endpoint);

}  // namespace kedge
