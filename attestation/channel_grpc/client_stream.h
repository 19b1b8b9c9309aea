// The client's end of one gRPC stream, on a connection of its own.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>

#include "attestation/channel/drive.h"
#include "attestation/channel_grpc/tls.h"

namespace kedge {

class ClientStream : public ClientPipe {
 public:
  // Starts connecting to `endpoint` ("host:port"); the first Read tells whether that worked. Every
  // call ends within `timeout` from now.
  static StatusOr<std::unique_ptr<ClientStream>> Open(const std::string& endpoint,
                                                      const TlsIdentity& identity,
                                                      absl::Duration timeout);
  // Ends the stream: in peace after a complete exchange, at once otherwise. Must be called before
  // destruction.
  virtual void Close(bool complete) = 0;
};

}  // namespace kedge
