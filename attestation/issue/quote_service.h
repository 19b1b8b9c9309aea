// The host's quoting service over vsock.
#pragma once

#include <absl/time/time.h>

#include <functional>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// One request, one response, each a QGS message. Faults QUOTE_SERVICE (retry), MALFORMED.
using QuoteService = std::function<StatusOr<Bytes>(ByteView request)>;

inline constexpr uint32_t kQgsPort = 4050;

// A connection to the host for each request, at most `timeout` for all of it.
QuoteService VsockQuoteService(uint32_t port = kQgsPort,
                               absl::Duration timeout = absl::Seconds(30));
// The exchange on a connected stream socket; for VsockQuoteService and its tests.
StatusOr<Bytes> ExchangeWithQuoteService(int socket, ByteView request, absl::Duration timeout);

}  // namespace kedge
