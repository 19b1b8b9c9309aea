// Servers on loopback for tests of the gRPC edge.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "attestation/channel/testing/channel_world.h"
#include "attestation/channel_grpc/server.h"
#include "attestation/channel_grpc/tls.h"

namespace kedge::testing {

// Collects what the server would log. Thread-safe.
class EventLog {
 public:
  void Add(const ExchangeEvent& event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back(event);
  }
  // Waits, at most ten seconds, until `count` exchanges have ended.
  std::vector<ExchangeEvent> WaitFor(size_t count);

 private:
  absl::Mutex mutex_;
  std::vector<ExchangeEvent> events_ ABSL_GUARDED_BY(mutex_);
};

// A server of `world` on a free loopback port. Every exchange gets a server from `make` that
// `configure` has set up.
struct LoopbackServer {
  using Make = std::function<std::unique_ptr<WorldServer>(ChannelWorld&)>;
  explicit LoopbackServer(
      ChannelWorld& world, std::function<void(WorldServer&)> configure = {},
      const ExchangeServer::Options& options = DefaultOptions(),
      Make make = [](ChannelWorld& w) { return std::make_unique<WorldServer>(w); });
  static ExchangeServer::Options DefaultOptions();
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(server->port()); }

  TlsIdentity tls = Must(MakeTlsIdentity());
  EventLog log;
  std::unique_ptr<ExchangeServer> server;
};

}  // namespace kedge::testing
