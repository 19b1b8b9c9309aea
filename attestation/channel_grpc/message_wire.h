// Messages of a session to and from their protobuf form. Lengths are the session's business; the
// transport bounds the whole message.
#pragma once

#include "attestation/channel/messages.h"
#include "base/status.h"
#include "proto/kedge.pb.h"

namespace kedge {

v1::ClientMessage ToWire(const ClientMessage& message);
v1::ServerMessage ToWire(const ServerMessage& message);
// MALFORMED where no kind is set.
StatusOr<ClientMessage> FromWire(const v1::ClientMessage& wire);
StatusOr<ServerMessage> FromWire(const v1::ServerMessage& wire);

}  // namespace kedge
