// Serves attested exchanges over gRPC. The room knows bytes and sessions, not what is released.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "attestation/channel/exchange.h"
#include "base/random.h"

namespace kedge {

// One line for the server's log per finished or refused exchange.
struct ExchangeEvent {
  std::string correlation_id;  // 16 hex digits, also shown to the peer
  std::string peer;            // address, for reachability only
  Status status;
};

class ExchangeServer {
 public:
  struct Options {
    std::vector<std::string> listen;    // "0.0.0.0:7443"; port 0 picks one
    int max_concurrent_exchanges = 64;  // of which one address gets half; beyond: BUSY, retry
    absl::Duration exchange_timeout = absl::Seconds(60);
  };
  // Starts serving. `factory` and `on_event` are called from server threads, concurrently; they
  // and `random` must stay usable until the server is destroyed. UNAVAILABLE where an address
  // cannot be listened on.
  static StatusOr<std::unique_ptr<ExchangeServer>> Start(
      const Options& options, ServerExchangeFactory factory,
      std::function<void(const ExchangeEvent&)> on_event, Random& random);
  virtual ~ExchangeServer() = default;
  virtual int port() const = 0;  // of the first listen address
  // Stops accepting, gives running exchanges five seconds, returns.
  virtual void Shutdown() = 0;
};

}  // namespace kedge
