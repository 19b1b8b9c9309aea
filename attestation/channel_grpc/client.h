// Runs one attested exchange as a client over gRPC (TLS 1.3 as a plain pipe).
#pragma once

#include <absl/time/time.h>

#include <string>

#include "attestation/channel/exchange.h"
#include "base/random.h"

namespace kedge {

// TLS 1.3 only, no session tickets, for every TLS context that this process makes from now on; also
// silences gRPC's own log. Call it in main before any other gRPC or OpenSSL use; the functions here
// call it too, and fail where it failed. Thread-safe.
Status InitTlsForChannel();

// Connects to `endpoint` ("host:port"), makes a fresh TLS identity, runs the exchange, closes.
// A refusal by the server comes back with its fault code; the message then holds the correlation
// id. UNAVAILABLE (retryable) where nobody answers; DEADLINE_EXCEEDED after `timeout`. Blocking.
StatusOr<ExchangeResult> RunExchange(const std::string& endpoint, const ClientExchange& exchange,
                                     Random& random, absl::Duration timeout);

// Only C1 and S1. For the first node, which asks the key service in its own machine over loopback.
StatusOr<ServiceHello> Discover(const std::string& endpoint, Random& random,
                                absl::Duration timeout);

}  // namespace kedge
