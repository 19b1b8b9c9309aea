#include "attestation/channel_grpc/client.h"

#include <grpc/support/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <utility>

#include "attestation/channel/drive.h"
#include "attestation/channel_grpc/endpoint.h"
#include "attestation/channel_grpc/message_wire.h"
#include "attestation/channel_grpc/tls.h"
#include "proto/kedge.grpc.pb.h"

namespace kedge {
namespace {

// The peer chooses this text: keep what a console can show.
std::string Printable(const std::string& text) {
  constexpr size_t kMaxText = 200;
  std::string out;
  for (const char c : text.substr(0, kMaxText)) out += (c >= ' ' && c <= '~') ? c : '?';
  return out;
}

Status FromGrpc(const grpc::Status& status) {
  const std::string detail = Printable(status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return MakeError(StatusCode::kUnavailable, "the server ended the exchange early; try again");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return MakeError(StatusCode::kDeadlineExceeded,
                       "the exchange took longer than its limit; try again");
    case grpc::StatusCode::UNAVAILABLE:
      return MakeError(StatusCode::kUnavailable, "no key service answers: " + detail);
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return MakeError(StatusCode::kUnavailable,
                       "the server gave the exchange up (" + detail + "); try again");
    default:
      return MakeError(static_cast<StatusCode>(status.error_code()),
                       "the peer is not a key service of this version: " + detail);
  }
}

class GrpcClientPipe final : public ClientPipe {
 public:
  // `context` outlives the pipe.
  GrpcClientPipe(v1::KeyService::Stub& stub, grpc::ClientContext& context)
      : context_(context), stream_(stub.Exchange(&context)) {}

  // A write to a broken stream is not reported here: the Read that follows may still find the
  // server's refusal, and otherwise finds out why.
  Status Write(const ClientMessage& message) override {
    stream_->Write(ToWire(message));
    return absl::OkStatus();
  }

  StatusOr<ServerMessage> Read() override {
    v1::ServerMessage wire;
    if (!stream_->Read(&wire)) {
      // TryCancel before Finish would hide the server's status.
      finished_ = true;
      return FromGrpc(stream_->Finish());
    }
    return FromWire(wire);
  }

  StatusOr<Bytes> PeerSpki() override {
    const std::shared_ptr<const grpc::AuthContext> auth = context_.auth_context();
    if (auth == nullptr) return Internal("the stream has no TLS peer");
    return PeerSpkiOf(*auth);
  }

  // Ends the stream: in peace after a complete exchange, at once after an error.
  void Close(bool complete) {
    if (finished_) return;
    finished_ = true;
    // The status comes only after the last message: one more may be a refusal of what nobody asked
    // for, and a server that goes on talking is cut off.
    v1::ServerMessage unwanted;
    if (!complete || !stream_->WritesDone() || stream_->Read(&unwanted)) context_.TryCancel();
    stream_->Finish();
  }

 private:
  grpc::ClientContext& context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ClientMessage, v1::ServerMessage>> stream_;
  bool finished_ = false;
};

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxMessage));
  // Identity only: a small compressed message could become a huge one.
  arguments.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1);
  // A connection of its own, and nothing that environment or DNS could steer.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return arguments;
}

// Opens one stream with a fresh identity and calls drive(pipe, own SPKI).
template <typename Drive>
auto WithStream(const std::string& endpoint, absl::Duration timeout, Drive drive)
    -> decltype(drive(std::declval<ClientPipe&>(), std::declval<const Bytes&>())) {
  ASSIGN_OR_RETURN(const std::string target, TargetOfEndpoint(endpoint));
  ASSIGN_OR_RETURN(const TlsIdentity identity, MakeTlsIdentity());
  ASSIGN_OR_RETURN(const auto credentials, MakeChannelCredentials(identity));
  const std::unique_ptr<v1::KeyService::Stub> stub =
      v1::KeyService::NewStub(grpc::CreateCustomChannel(target, credentials, Arguments()));
  grpc::ClientContext context;
  // Monotonic: the node's clock may be set while an exchange runs.
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_nanos(absl::ToInt64Nanoseconds(timeout), GPR_TIMESPAN)));
  GrpcClientPipe pipe(*stub, context);
  auto result = drive(pipe, identity.spki);
  pipe.Close(result.ok());
  return result;
}

}  // namespace

StatusOr<ExchangeResult> RunExchange(const std::string& endpoint, const ClientExchange& exchange,
                                     Random& random, absl::Duration timeout) {
  return WithStream(endpoint, timeout, [&](ClientPipe& pipe, const Bytes& own_spki) {
    return DriveClient(exchange, pipe, own_spki, random);
  });
}

StatusOr<ServiceHello> Discover(const std::string& endpoint, Random& random,
                                absl::Duration timeout) {
  return WithStream(endpoint, timeout, [&](ClientPipe& pipe, const Bytes& own_spki) {
    return DriveDiscover(pipe, own_spki, random);
  });
}

}  // namespace kedge
