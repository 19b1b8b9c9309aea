// The TLS 1.3 pipe: fresh self-signed identities, no trust in either of them.
#pragma once

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

struct TlsIdentity {
  // The key protects nothing but the pipe: secrets are boxed to attested ephemerals. gRPC wants it
  // as a string.
  std::string private_key_pem;
  std::string certificate_pem;
  Bytes spki;  // DER
};

// A P-256 key and a certificate with fixed dates that nobody checks.
StatusOr<TlsIdentity> MakeTlsIdentity();

// TLS 1.3 only, client certificate required, nothing verified. INTERNAL where TLS could not be
// restricted to 1.3 in this process.
StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsIdentity& identity);
// For one channel only: gRPC 1.51 shows rare handshake failures where credentials are shared.
StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const TlsIdentity& identity);

// The SPKI of the peer's certificate; UNAUTHENTICATED unless it showed exactly one.
StatusOr<Bytes> PeerSpkiOf(const grpc::AuthContext& context);

}  // namespace kedge
