// The protobuf form of both directions: what parses keeps its content on the way there and back.
#include <cstdlib>

#include "attestation/channel_grpc/message_wire.h"

namespace {

template <typename Wire>
void RoundTrip(const uint8_t* data, size_t size) {
  Wire wire;
  if (!wire.ParseFromArray(data, static_cast<int>(size))) return;
  const auto message = kedge::FromWire(wire);
  if (!message.ok()) return;
  const auto again = kedge::FromWire(kedge::ToWire(*message));
  if (!again.ok() || again->index() != message->index()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  RoundTrip<kedge::v1::ClientMessage>(data, size);
  RoundTrip<kedge::v1::ServerMessage>(data, size);
  return 0;
}
