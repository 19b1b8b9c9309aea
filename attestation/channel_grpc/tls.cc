#include "attestation/channel_grpc/tls.h"

#include <absl/time/civil_time.h>
#include <grpc/grpc_security_constants.h>
#include <grpc/support/log.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <vector>

#include "attestation/channel_grpc/client.h"
#include "crypto/ecdsa.h"
#include "crypto/x509.h"

namespace kedge {
namespace {

using grpc::experimental::IdentityKeyCertPair;
using grpc::experimental::NoOpCertificateVerifier;
using grpc::experimental::StaticDataCertificateProvider;
using grpc::experimental::TlsChannelCredentialsOptions;
using grpc::experimental::TlsServerCredentialsOptions;

// gRPC 1.51 has no setter for the TLS version and sets the minimum to 1.2 itself, which overrides
// MinProtocol; switching the older versions off as options survives. Tickets only cost time:
// every exchange has a new identity.
constexpr char kOpenSslConfiguration[] =
    "openssl_conf = kedge\n"
    "[kedge]\n"
    "ssl_conf = contexts\n"
    "[contexts]\n"
    "system_default = tls\n"
    "[tls]\n"
    "Protocol = -ALL,TLSv1.3\n"
    "NumTickets = 0\n"
    "Options = -SessionTicket\n";

struct OpenSslDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(CONF* conf) const { NCONF_free(conf); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// Whether a context made now, as gRPC makes its own, is limited to TLS 1.3.
Status CheckNewContexts() {
  const std::unique_ptr<SSL_CTX, OpenSslDeleter> context(SSL_CTX_new(TLS_method()));
  constexpr uint64_t kOff =
      SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2;
  if (context == nullptr || (SSL_CTX_get_options(context.get()) & kOff) != kOff ||
      SSL_CTX_get_num_tickets(context.get()) != 0) {
    return Internal("OpenSSL did not take the TLS 1.3 configuration; refusing to open a channel");
  }
  return absl::OkStatus();
}

Status ConfigureOpenSsl() {
  // gRPC logs each handshake to an IP address as an error, and peers can make it log at will.
  gpr_set_log_function([](gpr_log_func_args*) {});
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) {
    return Internal("OpenSSL did not start");
  }
  OPENSSL_load_builtin_modules();
  const std::unique_ptr<BIO, OpenSslDeleter> text(BIO_new_mem_buf(kOpenSslConfiguration, -1));
  const std::unique_ptr<CONF, OpenSslDeleter> conf(NCONF_new(nullptr));
  long error_line = 0;
  if (text == nullptr || conf == nullptr ||
      NCONF_load_bio(conf.get(), text.get(), &error_line) != 1 ||
      CONF_modules_load(conf.get(), nullptr, 0) != 1) {
    return Internal("OpenSSL refused the TLS 1.3 configuration");
  }
  return CheckNewContexts();
}

// The identity is also given as the only root. Nobody verifies against it; without one gRPC would
// look for the machine's CA bundle, and a node has none.
std::shared_ptr<StaticDataCertificateProvider> MakeProvider(const TlsIdentity& identity) {
  return std::make_shared<StaticDataCertificateProvider>(
      identity.certificate_pem,
      std::vector<IdentityKeyCertPair>{{.private_key = identity.private_key_pem,
                                        .certificate_chain = identity.certificate_pem}});
}

}  // namespace

Status InitTlsForChannel() {
  static const Status* const status = new Status(ConfigureOpenSsl());
  return *status;
}

StatusOr<TlsIdentity> MakeTlsIdentity() {
  ASSIGN_OR_RETURN(const SigningKey key, SigningKey::Generate(Curve::kP256));
  const absl::TimeZone utc = absl::UTCTimeZone();
  const Validity always{.not_before = absl::FromCivil(absl::CivilDay(2020, 1, 1), utc),
                        .not_after = absl::FromCivil(absl::CivilDay(2049, 12, 31), utc)};
  ASSIGN_OR_RETURN(std::string certificate, SelfSignedCertificate(key, "kedge", always));
  ASSIGN_OR_RETURN(const SecretBytes pem, key.PrivatePem());
  return TlsIdentity{
      .private_key_pem = pem.Reveal([](ByteView bytes) { return std::string(AsText(bytes)); }),
      .certificate_pem = std::move(certificate),
      .spki = key.public_key().spki()};
}

StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsIdentity& identity) {
  RETURN_IF_ERROR(InitTlsForChannel());
  TlsServerCredentialsOptions options(MakeProvider(identity));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  options.set_certificate_verifier(std::make_shared<NoOpCertificateVerifier>());
  return grpc::experimental::TlsServerCredentials(options);
}

StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const TlsIdentity& identity) {
  RETURN_IF_ERROR(InitTlsForChannel());
  TlsChannelCredentialsOptions options;
  options.set_certificate_provider(MakeProvider(identity));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::make_shared<NoOpCertificateVerifier>());
  return grpc::experimental::TlsCredentials(options);
}

StatusOr<Bytes> PeerSpkiOf(const grpc::AuthContext& context) {
  const std::vector<grpc::string_ref> certificates =
      context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (certificates.size() != 1) {
    return MakeError(StatusCode::kUnauthenticated, "the peer showed " +
                                                       std::to_string(certificates.size()) +
                                                       " TLS certificates, expected one");
  }
  return SpkiOfCertificate(std::string_view(certificates[0].data(), certificates[0].size()));
}

}  // namespace kedge
