#include "attestation/channel_grpc/client.h"

#include <memory>
#include <utility>

#include "attestation/channel/drive.h"
#include "attestation/channel_grpc/client_stream.h"
#include "attestation/channel_grpc/tls.h"

namespace kedge {
namespace {

// Opens one stream with a fresh identity and calls drive(pipe, own SPKI).
template <typename Drive>
auto WithStream(const std::string& endpoint, absl::Duration timeout, Drive drive)
    -> decltype(drive(std::declval<ClientPipe&>(), std::declval<const Bytes&>())) {
  ASSIGN_OR_RETURN(const TlsIdentity identity, MakeTlsIdentity());
  ASSIGN_OR_RETURN(const std::unique_ptr<ClientStream> stream,
                   ClientStream::Open(endpoint, identity, timeout));
  auto result = drive(*stream, identity.spki);
  stream->Close(result.ok());
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
