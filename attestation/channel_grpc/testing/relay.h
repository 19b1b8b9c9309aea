// Somebody in the middle of a real gRPC connection: TLS towards each side with keys of his choice,
// and a hand on every message.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "attestation/channel/messages.h"
#include "attestation/channel_grpc/tls.h"

namespace kedge::testing {

class Relay {
 public:
  struct Options {
    std::string target;  // the real server
    TlsIdentity towards_client;
    TlsIdentity towards_server;
    std::function<void(ClientMessage&)> on_client_message = [](ClientMessage&) {};
    std::function<void(ServerMessage&)> on_server_message = [](ServerMessage&) {};
  };
  static std::unique_ptr<Relay> Start(Options options);
  virtual ~Relay() = default;
  virtual std::string endpoint() const = 0;
};

}  // namespace kedge::testing
