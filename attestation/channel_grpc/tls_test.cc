// What the pipe accepts, seen from the other end by plain OpenSSL: TLS 1.3 with a client
// certificate and nothing else.
#include "attestation/channel_grpc/tls.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "attestation/channel_grpc/client.h"
#include "attestation/channel_grpc/testing/grpc_world.h"
#include "base/status_matchers.h"

namespace kedge::testing {
namespace {

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// A context of exactly one TLS version. The process-wide restriction under test applies to new
// contexts, this one included: it is taken off again.
Owned<SSL_CTX> ContextOf(const SSL_METHOD* method, int version, const TlsIdentity* identity) {
  Owned<SSL_CTX> context(SSL_CTX_new(method));
  SSL_CTX_clear_options(context.get(), SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3);
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  if (identity != nullptr) {
    const Owned<BIO> certificate_pem(BIO_new_mem_buf(identity->certificate_pem.data(), -1));
    const Owned<X509> certificate(
        PEM_read_bio_X509(certificate_pem.get(), nullptr, nullptr, nullptr));
    const Owned<BIO> key_pem(BIO_new_mem_buf(identity->private_key_pem.data(), -1));
    const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr));
    EXPECT_EQ(SSL_CTX_use_certificate(context.get(), certificate.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), key.get()), 1);
  }
  return context;
}

void BoundWaiting(int socket) {
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

int g_tickets = 0;
int CountTicket(SSL*, SSL_SESSION*) {
  ++g_tickets;
  return 0;
}

struct Seen {
  bool handshake = false;  // as far as this end can tell
  bool data = false;       // the server spoke HTTP/2
  std::string version;     // as negotiated
};

// Connects with plain OpenSSL and waits for the server's first bytes.
Seen ConnectTo(int port, int version, const TlsIdentity* identity) {
  ERR_clear_error();
  const Owned<SSL_CTX> context = ContextOf(TLS_client_method(), version, identity);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(context.get(), &CountTicket);
  g_tickets = 0;
  const std::string address = "127.0.0.1:" + std::to_string(port);
  BIO* bio = BIO_new_connect(address.c_str());
  EXPECT_EQ(BIO_do_connect(bio), 1);
  BoundWaiting(static_cast<int>(BIO_get_fd(bio, nullptr)));
  const Owned<SSL> ssl(SSL_new(context.get()));
  SSL_set_bio(ssl.get(), bio, bio);
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof kHttp2);
  Seen seen;
  char byte = 0;
  seen.handshake = SSL_connect(ssl.get()) == 1;
  seen.data = seen.handshake && SSL_read(ssl.get(), &byte, 1) == 1;
  seen.version = SSL_get_version(ssl.get());
  return seen;
}

// A plain OpenSSL server of one version on loopback that takes one connection.
class OneShotServer {
 public:
  OneShotServer(int version, const TlsIdentity& identity)
      : context_(ContextOf(TLS_server_method(), version, &identity)),
        listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    BoundWaiting(listener_);
    thread_ = std::thread([this] { Serve(); });
  }
  ~OneShotServer() { close(listener_); }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  // After the connection is over: 0 where the handshake succeeded, else OpenSSL's reason.
  int Reason() {
    thread_.join();
    return reason_;
  }

 private:
  void Serve() {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) {
      reason_ = -1;
      return;
    }
    BoundWaiting(connection);
    const Owned<SSL> ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), connection);
    ERR_clear_error();
    if (SSL_accept(ssl.get()) != 1) reason_ = ERR_GET_REASON(ERR_peek_error());
    close(connection);
  }

  Owned<SSL_CTX> context_;
  int listener_;
  int port_ = 0;
  int reason_ = 0;
  std::thread thread_;
};

class TlsPipe : public ::testing::Test {
 protected:
  ChannelWorld world_;
  TlsIdentity client_ = Must(MakeTlsIdentity());
};

TEST_F(TlsPipe, TheServerTakesTls13WithAClientCertificate) {
  LoopbackServer loopback(world_);
  const Seen seen = ConnectTo(loopback.server->port(), TLS1_3_VERSION, &client_);
  EXPECT_TRUE(seen.data);
  EXPECT_EQ(seen.version, "TLSv1.3");
  EXPECT_EQ(g_tickets, 0) << "session tickets cost time and buy nothing";
}

TEST_F(TlsPipe, TheServerRefusesTls12) {
  // The same client is taken by a server that speaks 1.2.
  OneShotServer old(TLS1_2_VERSION, client_);
  const Seen control = ConnectTo(old.port(), TLS1_2_VERSION, &client_);
  EXPECT_TRUE(control.handshake);
  EXPECT_EQ(control.version, "TLSv1.2");
  EXPECT_EQ(old.Reason(), 0);

  LoopbackServer loopback(world_);
  EXPECT_FALSE(ConnectTo(loopback.server->port(), TLS1_2_VERSION, &client_).handshake);
}

// In TLS 1.3 a client's handshake ends before the server has judged its certificate: what counts
// is that the server says nothing (with a certificate it does, see above).
TEST_F(TlsPipe, TheServerRefusesAClientWithoutACertificate) {
  LoopbackServer loopback(world_);
  EXPECT_FALSE(ConnectTo(loopback.server->port(), TLS1_3_VERSION, nullptr).data);
}

TEST_F(TlsPipe, TheClientOffersTls13AndNothingOlder) {
  ASSERT_OK(InitTlsForChannel());
  OneShotServer modern(TLS1_3_VERSION, client_);
  EXPECT_THAT(Discover(modern.endpoint(), world_.random, absl::Seconds(10)),
              HasCode(StatusCode::kUnavailable));
  EXPECT_EQ(modern.Reason(), 0);

  OneShotServer old(TLS1_2_VERSION, client_);
  EXPECT_THAT(Discover(old.endpoint(), world_.random, absl::Seconds(10)),
              HasCode(StatusCode::kUnavailable));
  EXPECT_EQ(old.Reason(), SSL_R_UNSUPPORTED_PROTOCOL);
}

TEST_F(TlsPipe, InitialisingTwiceIsFine) {
  EXPECT_OK(InitTlsForChannel());
  EXPECT_OK(InitTlsForChannel());
}

}  // namespace
}  // namespace kedge::testing
