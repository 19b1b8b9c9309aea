#include "attestation/issue/quote_service.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

// After sys/socket.h, which it leans on.
#include <linux/vm_sockets.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "attestation/issue/qgs_message.h"
#include "base/lp.h"
#include "base/reader.h"

namespace kedge {
namespace {

Status Failed(std::string_view what, int error) {
  return MakeFault(StatusCode::kUnavailable, "QUOTE_SERVICE", Advice::kRetry,
                   absl::StrCat(std::string(what), ": ", std::strerror(error),
                                "; expected the host's quoting service (qgsd) on vsock"));
}

// Waits until the socket is ready for `events` or the time is over.
Status Await(int socket, short events, absl::Time deadline) {
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    pollfd wanted{.fd = socket, .events = events, .revents = 0};
    const int ready = poll(&wanted, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (ready > 0) return absl::OkStatus();
    if (ready == 0) return Failed("the quoting service does not answer", ETIMEDOUT);
    if (errno != EINTR) return Failed("cannot wait for the quoting service", errno);
  }
}

Status SendAll(int socket, ByteView data, absl::Time deadline) {
  while (!data.empty()) {
    RETURN_IF_ERROR(Await(socket, POLLOUT, deadline));
    const ssize_t sent = send(socket, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) return Failed("cannot send to the quoting service", errno);
    data = data.subspan(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

StatusOr<Bytes> ReceiveAll(int socket, size_t size, absl::Time deadline) {
  Bytes out(size);
  for (size_t have = 0; have < size;) {
    RETURN_IF_ERROR(Await(socket, POLLIN, deadline));
    const ssize_t got = recv(socket, out.data() + have, size - have, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Failed("cannot receive from the quoting service", errno);
    if (got == 0) return Failed("the quoting service closed the connection", ECONNRESET);
    have += static_cast<size_t>(got);
  }
  return out;
}

StatusOr<int> Connect(uint32_t port, absl::Time deadline) {
  const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Failed("this kernel has no vsock", errno);
  absl::Cleanup closer = [fd] { close(fd); };
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = VMADDR_CID_HOST;
  address.svm_port = port;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno != EINPROGRESS) return Failed("cannot reach the quoting service", errno);
    RETURN_IF_ERROR(Await(fd, POLLOUT, deadline));
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Failed("cannot reach the quoting service", error);
  }
  std::move(closer).Cancel();
  return fd;
}

}  // namespace

StatusOr<Bytes> ExchangeWithQuoteService(int socket, ByteView request, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  Bytes framed;
  const ByteArray<4> prefix = U32Be(static_cast<uint32_t>(request.size()));
  framed.insert(framed.end(), prefix.begin(), prefix.end());
  framed.insert(framed.end(), request.begin(), request.end());
  RETURN_IF_ERROR(SendAll(socket, framed, deadline));
  ASSIGN_OR_RETURN(const Bytes size_field, ReceiveAll(socket, prefix.size(), deadline));
  ASSIGN_OR_RETURN(const uint32_t size, Reader(size_field).U32Be());
  if (size > kMaxQgsMessage) {
    return Malformed(absl::StrCat("the quoting service announces ", size, " bytes, at most ",
                                  kMaxQgsMessage, " are taken"));
  }
  return ReceiveAll(socket, size, deadline);
}

QuoteService VsockQuoteService(uint32_t port, absl::Duration timeout) {
  return [port, timeout](ByteView request) -> StatusOr<Bytes> {
    ASSIGN_OR_RETURN(const int fd, Connect(port, absl::Now() + timeout));
    const absl::Cleanup closer = [fd] { close(fd); };
    return ExchangeWithQuoteService(fd, request, timeout);
  };
}

}  // namespace kedge
