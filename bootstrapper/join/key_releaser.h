// The node's side of the attested exchanges with the key service.
#pragma once

#include <absl/time/time.h>

#include "attestation/model/issuer.h"
#include "base/random.h"
#include "bootstrapper/core/ports.h"

namespace kedge {

// Every exchange proves this node with fresh evidence and verifies the server's before any box is
// opened: a remote server against the control-plane images of the invitation, the first node's own
// server by the attestation key, which must be this very TPM's. One call at a time.
class ExchangeKeyReleaser final : public KeyReleaser {
 public:
  // Both outlive this object. `timeout` bounds each exchange.
  ExchangeKeyReleaser(Issuer& issuer, Random& random, absl::Duration timeout)
      : issuer_(issuer), random_(random), timeout_(timeout) {}

  StatusOr<ServiceIdentity> Discover(const std::string& endpoint) override;
  StatusOr<Release> GetRelease(const KeyServiceAddress& service, const ReleaseAsk& ask) override;
  Status Report(const KeyServiceAddress& service, const ReportAsk& ask) override;

 private:
  Issuer& issuer_;
  Random& random_;
  const absl::Duration timeout_;
};

}  // namespace kedge
