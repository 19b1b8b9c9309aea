#include "attestation/channel_grpc/client_stream.h"

#include <grpc/support/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "attestation/channel_grpc/endpoint.h"
#include "attestation/channel_grpc/message_wire.h"
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

class GrpcClientStream final : public ClientStream {
 public:
  GrpcClientStream(const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout)
      : stub_(channel) {
    // Monotonic: the node's clock may be set while an exchange runs.
    context_.set_deadline(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                     gpr_time_from_nanos(absl::ToInt64Nanoseconds(timeout), GPR_TIMESPAN)));
    stream_ = stub_.Exchange(&context_);
  }

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

  void Close(bool complete) override {
    if (finished_) return;
    finished_ = true;
    // The status comes only after the last message: one more may be a refusal of what nobody asked
    // for, and a server that goes on talking is cut off.
    v1::ServerMessage unwanted;
    if (!complete || !stream_->WritesDone() || stream_->Read(&unwanted)) context_.TryCancel();
    stream_->Finish();
  }

 private:
  v1::KeyService::Stub stub_;
  grpc::ClientContext context_;
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

}  // namespace

StatusOr<std::unique_ptr<ClientStream>> ClientStream::Open(const std::string& endpoint,
                                                           const TlsIdentity& identity,
                                                           absl::Duration timeout) {
  ASSIGN_OR_RETURN(const std::string target, TargetOfEndpoint(endpoint));
  ASSIGN_OR_RETURN(const auto credentials, MakeChannelCredentials(identity));
  return std::make_unique<GrpcClientStream>(
      grpc::CreateCustomChannel(target, credentials, Arguments()), timeout);
}

}  // namespace kedge
