// The network of a node as a systemd.network(5) file.
#pragma once

#include <string>

#include "base/status.h"

namespace kedge {

// Static where `address` ("192.168.77.12/24") is given, else DHCPv4; `gateway` may be empty. The
// values go into a configuration file, so they must be exactly IPv4 addresses: INVALID_ARGUMENT
// with fault INVITATION_NOT_ACCEPTED otherwise.
StatusOr<std::string> RenderNetworkFile(const std::string& address, const std::string& gateway);

}  // namespace kedge
