// Runs a session over a pipe of messages: the blocking glue between sessions, the callbacks of
// exchange.h and a transport.
#pragma once

#include <string>

#include "attestation/channel/exchange.h"
#include "attestation/channel/messages.h"
#include "base/random.h"

namespace kedge {

// The client's end of one stream. Calls block; they fail when the stream is over or late.
class ClientPipe {
 public:
  virtual ~ClientPipe() = default;
  virtual Status Write(const ClientMessage& message) = 0;
  virtual StatusOr<ServerMessage> Read() = 0;
  // SPKI (DER) of the server's TLS key; valid after the first Read.
  virtual StatusOr<Bytes> PeerSpki() = 0;
};

class ServerPipe {
 public:
  virtual ~ServerPipe() = default;
  virtual Status Write(const ServerMessage& message) = 0;
  virtual StatusOr<ClientMessage> Read() = 0;
};

struct TlsKeys {
  Bytes own_spki;
  Bytes peer_spki;
};

// The whole exchange. Errors are the client's own verdict, or the server's refusal under its fault
// code with the correlation id in the message.
StatusOr<ExchangeResult> DriveClient(const ClientExchange& exchange, ClientPipe& pipe,
                                     const Bytes& own_spki, Random& random);
// C1 and S1 only.
StatusOr<ServiceHello> DriveDiscover(ClientPipe& pipe, const Bytes& own_spki, Random& random);

// Serves one exchange. On an error the peer is sent a Refusal with the fault code, the correlation
// id and advice; the returned status has the reason. CANCELLED where the client left after S1.
Status DriveServer(ServerExchange& exchange, ServerPipe& pipe, const TlsKeys& tls, Random& random,
                   const std::string& correlation_id);

// What the peer may know of an error (S25).
Refusal ToRefusal(const Status& status, const std::string& correlation_id);
// A refusal as received: unauthenticated, so its form is checked and an order to reboot is taken
// as advice to ask the operator.
Status FromRefusal(const Refusal& refusal);

}  // namespace kedge
