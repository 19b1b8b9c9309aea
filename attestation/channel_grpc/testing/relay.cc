#include "attestation/channel_grpc/testing/relay.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "attestation/channel/testing/test_chips.h"
#include "attestation/channel_grpc/client_stream.h"
#include "attestation/channel_grpc/message_wire.h"
#include "proto/kedge.grpc.pb.h"

namespace kedge::testing {
namespace {

class RelayService final : public v1::KeyService::Service {
 public:
  explicit RelayService(Relay::Options options) : options_(std::move(options)) {}

  // The protocol is one message up, one message down.
  grpc::Status Exchange(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::ServerMessage, v1::ClientMessage>* stream) override {
    const std::unique_ptr<ClientStream> onward =
        Must(ClientStream::Open(options_.target, options_.towards_server, absl::Seconds(20)));
    v1::ClientMessage up;
    while (stream->Read(&up)) {
      ClientMessage client_message = Must(FromWire(up));
      options_.on_client_message(client_message);
      onward->Write(client_message).IgnoreError();
      StatusOr<ServerMessage> down = onward->Read();
      if (!down.ok()) break;
      options_.on_server_message(*down);
      if (!stream->Write(ToWire(*down))) break;
    }
    onward->Close(false);
    return grpc::Status::OK;
  }

 private:
  const Relay::Options options_;
};

class GrpcRelay final : public Relay {
 public:
  explicit GrpcRelay(Options options) : service_(options) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", Must(MakeServerCredentials(options.towards_client)),
                             &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~GrpcRelay() override { server_->Shutdown(); }
  std::string endpoint() const override { return "127.0.0.1:" + std::to_string(port_); }

 private:
  RelayService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<Relay> Relay::Start(Options options) {
  return std::make_unique<GrpcRelay>(std::move(options));
}

}  // namespace kedge::testing
