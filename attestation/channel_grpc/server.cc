#include "attestation/channel_grpc/server.h"

#include <absl/time/clock.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <mutex>
#include <utility>

#include "attestation/channel/drive.h"
#include "attestation/channel_grpc/admission.h"
#include "attestation/channel_grpc/exchange_deadline.h"
#include "attestation/channel_grpc/message_wire.h"
#include "attestation/channel_grpc/server_start.h"
#include "proto/kedge.grpc.pb.h"

namespace kedge {
namespace {

constexpr absl::Duration kShutdownGrace = absl::Seconds(5);
constexpr int kHandshakeTimeoutMs = 10'000;
constexpr int kIdleConnectionMs = 10'000;
// Beyond the exchanges themselves: gRPC's pollers, and threads that only say BUSY.
constexpr int kSpareThreads = 16;
constexpr size_t kSpareMemory = 64 * 1024 * 1024;

using Stream = grpc::ServerReaderWriter<v1::ServerMessage, v1::ClientMessage>;

class GrpcServerPipe final : public ServerPipe {
 public:
  explicit GrpcServerPipe(Stream& stream) : stream_(stream) {}

  Status Write(const ServerMessage& message) override {
    if (stream_.Write(ToWire(message))) return absl::OkStatus();
    return MakeError(StatusCode::kUnavailable, "the client is gone; its message was not sent");
  }

  StatusOr<ClientMessage> Read() override {
    v1::ClientMessage wire;
    if (!stream_.Read(&wire)) {
      return MakeError(StatusCode::kUnavailable, "the client sent nothing more");
    }
    return FromWire(wire);
  }

 private:
  Stream& stream_;
};

StatusOr<std::string> NewCorrelationId(Random& random) {
  ByteArray<8> id{};
  RETURN_IF_ERROR(random.Fill(id));
  return ToHex(id);
}

class Service final : public v1::KeyService::Service {
 public:
  Service(const ExchangeServer::Options& options, Bytes own_spki, ServerExchangeFactory factory,
          std::function<void(const ExchangeEvent&)> on_event, Random& random)
      : own_spki_(std::move(own_spki)),
        timeout_(options.exchange_timeout),
        factory_(std::move(factory)),
        on_event_(std::move(on_event)),
        random_(random),
        admission_(options.max_concurrent_exchanges) {}

  // Refusals are messages, so the call itself always ends OK; a cancelled one stays cancelled.
  grpc::Status Exchange(grpc::ServerContext* context, Stream* stream) override {
    const StatusOr<std::string> id = NewCorrelationId(random_);
    if (!id.ok()) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "");
    on_event_(
        {.correlation_id = *id, .peer = context->peer(), .status = Serve(*context, *stream, *id)});
    return grpc::Status::OK;
  }

 private:
  Status Serve(grpc::ServerContext& context, Stream& stream, const std::string& id) {
    GrpcServerPipe pipe(stream);
    const StatusOr<Admission::Place> place = admission_.Enter(context.peer());
    const StatusOr<Bytes> peer_spki = PeerSpkiOf(*context.auth_context());
    for (const Status& status : {place.status(), peer_spki.status()}) {
      if (status.ok()) continue;
      pipe.Write(ToRefusal(status, id)).IgnoreError();
      return status;
    }
    const ExchangeDeadline deadline(context, timeout_);
    const std::unique_ptr<ServerExchange> exchange = factory_();
    const Status status =
        DriveServer(*exchange, pipe, {.own_spki = own_spki_, .peer_spki = *peer_spki}, random_, id);
    if (!status.ok() && deadline.passed()) {
      return MakeError(StatusCode::kDeadlineExceeded,
                       "cut off after " + std::to_string(absl::ToInt64Seconds(timeout_)) +
                           " s: " + MessageOf(status));
    }
    return status;
  }

  const Bytes own_spki_;
  const absl::Duration timeout_;
  const ServerExchangeFactory factory_;
  const std::function<void(const ExchangeEvent&)> on_event_;
  Random& random_;
  Admission admission_;
};

class GrpcExchangeServer final : public ExchangeServer {
 public:
  explicit GrpcExchangeServer(std::unique_ptr<Service> service) : service_(std::move(service)) {}
  ~GrpcExchangeServer() override { Shutdown(); }

  Status Listen(const Options& options,
                const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    const int threads = options.max_concurrent_exchanges + kSpareThreads;
    grpc::ResourceQuota quota("kedge exchanges");
    quota.SetMaxThreads(threads);
    // Each exchange may hold a message in and a message out.
    quota.Resize(kSpareMemory + static_cast<size_t>(threads) * 2 * kMaxMessage);

    grpc::ServerBuilder builder;
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(static_cast<int>(kMaxMessage));
    // Identity only: a small compressed message could become a huge one.
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleConnectionMs);
    // Nobody else may share the port.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterService(service_.get());
    std::vector<int> ports(options.listen.size(), 0);
    for (size_t i = 0; i < options.listen.size(); ++i) {
      builder.AddListeningPort(options.listen[i], credentials, &ports[i]);
    }
    server_ = builder.BuildAndStart();
    for (size_t i = 0; i < ports.size(); ++i) {
      if (server_ == nullptr || ports[i] == 0) {
        return MakeError(StatusCode::kUnavailable,
                         "cannot listen on " + options.listen[i] +
                             "; expected a free port on an address of this machine");
      }
    }
    port_ = ports.front();
    return absl::OkStatus();
  }

  int port() const override { return port_; }

  void Shutdown() override {
    std::call_once(shut_down_, [this] {
      if (server_ == nullptr) return;
      server_->Shutdown(absl::ToChronoTime(absl::Now() + kShutdownGrace));
      server_->Wait();
    });
  }

 private:
  // Declared first: the server calls the service until it is destroyed.
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::once_flag shut_down_;
};

}  // namespace

StatusOr<std::unique_ptr<ExchangeServer>> StartExchangeServer(
    const ExchangeServer::Options& options, const TlsIdentity& identity,
    ServerExchangeFactory factory, std::function<void(const ExchangeEvent&)> on_event,
    Random& random) {
  if (options.listen.empty() || options.max_concurrent_exchanges < 1 ||
      options.exchange_timeout <= absl::ZeroDuration()) {
    return MakeError(StatusCode::kInvalidArgument,
                     "a server needs an address, at least one exchange and a time limit");
  }
  ASSIGN_OR_RETURN(const auto credentials, MakeServerCredentials(identity));
  auto server = std::make_unique<GrpcExchangeServer>(std::make_unique<Service>(
      options, identity.spki, std::move(factory), std::move(on_event), random));
  RETURN_IF_ERROR(server->Listen(options, credentials));
  return server;
}

StatusOr<std::unique_ptr<ExchangeServer>> ExchangeServer::Start(
    const Options& options, ServerExchangeFactory factory,
    std::function<void(const ExchangeEvent&)> on_event, Random& random) {
  ASSIGN_OR_RETURN(const TlsIdentity identity, MakeTlsIdentity());
  return StartExchangeServer(options, identity, std::move(factory), std::move(on_event), random);
}

}  // namespace kedge
