// Starting a server with a TLS identity of the caller's choice: what ExchangeServer::Start does
// with a fresh one, and what attack tests do with one whose key has leaked.
#pragma once

#include <functional>
#include <memory>

#include "attestation/channel_grpc/server.h"
#include "attestation/channel_grpc/tls.h"

namespace kedge {

StatusOr<std::unique_ptr<ExchangeServer>> StartExchangeServer(
    const ExchangeServer::Options& options, const TlsIdentity& identity,
    ServerExchangeFactory factory, std::function<void(const ExchangeEvent&)> on_event,
    Random& random);

}  // namespace kedge
