// HTTPS over libcurl: TLS 1.2 or newer, certificates and names checked, no redirects, bounded in
// time and size.
#pragma once

#include <memory>
#include <string>

#include "attestation/collateral/http.h"

namespace kedge::collateral {

struct CurlOptions {
  std::string ca_file = {};  // PEM; empty: the system's
  absl::Duration connect_timeout = absl::Seconds(10);
  absl::Duration timeout = absl::Seconds(30);  // of a whole exchange
};

std::unique_ptr<Http> MakeCurlHttp(CurlOptions options);

}  // namespace kedge::collateral
