#include "attestation/channel_grpc/testing/grpc_world.h"

#include <utility>

#include "attestation/channel_grpc/server_start.h"

namespace kedge::testing {

std::vector<ExchangeEvent> EventLog::WaitFor(size_t count) {
  absl::MutexLock lock(&mutex_);
  const auto enough = [this, count]()
                          ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return events_.size() >= count; };
  mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(10));
  return events_;
}

ExchangeServer::Options LoopbackServer::DefaultOptions() {
  ExchangeServer::Options options;
  options.listen = {"127.0.0.1:0"};
  return options;
}

LoopbackServer::LoopbackServer(ChannelWorld& world, std::function<void(WorldServer&)> configure,
                               const ExchangeServer::Options& options, Make make) {
  server = Must(StartExchangeServer(
      options, tls,
      [&world, configure = std::move(configure), make = std::move(make)] {
        std::unique_ptr<WorldServer> exchange = make(world);
        if (configure) configure(*exchange);
        return exchange;
      },
      [this](const ExchangeEvent& event) { log.Add(event); }, world.random));
}

}  // namespace kedge::testing
