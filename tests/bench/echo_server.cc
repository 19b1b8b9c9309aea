// The bare pipe of the comparison: gRPC and TLS exactly as the key service has them, and behind
// them nothing but an answer of the right size.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <iostream>

#include "attestation/channel_grpc/tls.h"
#include "proto/kedge.grpc.pb.h"
#include "tests/bench/benches.h"

namespace kedge::bench {
namespace {

class Echo final : public v1::KeyService::Service {
 public:
  Echo(size_t first, size_t second) : sizes_{first, second} {}

  grpc::Status Exchange(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::ServerMessage, v1::ClientMessage>* stream) override {
    v1::ClientMessage message;
    for (size_t turn = 0; stream->Read(&message); ++turn) {
      v1::ServerMessage answer;
      answer.mutable_s2()->set_evidence(std::string(sizes_[turn % 2], 'e'));
      stream->Write(answer);
    }
    return grpc::Status::OK;
  }

 private:
  const size_t sizes_[2];
};

}  // namespace

int RunEchoServer(size_t first, size_t second) {
  const auto identity = MakeTlsIdentity();
  if (!identity.ok()) return 1;
  const auto credentials = MakeServerCredentials(*identity);
  if (!credentials.ok()) return 1;
  Echo echo(first, second);
  grpc::ServerBuilder builder;
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(&echo);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", *credentials, &port);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::cout << port << std::endl;
  server->Wait();
  return 0;
}

}  // namespace kedge::bench
