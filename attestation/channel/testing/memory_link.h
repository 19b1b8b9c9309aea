// A stream in memory between a client and a server, with somebody in the middle.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <deque>
#include <functional>
#include <optional>

#include "attestation/channel/drive.h"

namespace kedge::testing {

// One direction. Thread-safe; a Read waits at most ten seconds.
template <typename Message>
class MemoryQueue {
 public:
  Status Push(Message message) {
    absl::MutexLock lock(&mutex_);
    if (closed_) return MakeError(StatusCode::kUnavailable, "the stream is closed");
    messages_.push_back(std::move(message));
    return absl::OkStatus();
  }
  StatusOr<Message> Pop() {
    absl::MutexLock lock(&mutex_);
    const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return closed_ || !messages_.empty();
    };
    if (!mutex_.AwaitWithTimeout(absl::Condition(&ready), absl::Seconds(10))) {
      return MakeError(StatusCode::kDeadlineExceeded, "nothing came in ten seconds");
    }
    if (messages_.empty()) return MakeError(StatusCode::kUnavailable, "the stream is closed");
    Message message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }
  // What was pushed before can still be read.
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

 private:
  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Message> messages_ ABSL_GUARDED_BY(mutex_);
};

class MemoryLink {
 public:
  // The middle: may change each message in transit. Called from the writer's thread.
  std::function<void(ClientMessage&)> on_client_message = [](ClientMessage&) {};
  std::function<void(ServerMessage&)> on_server_message = [](ServerMessage&) {};

  explicit MemoryLink(TlsKeys client_tls) : client_tls_(std::move(client_tls)) {}

  class Client final : public ClientPipe {
   public:
    explicit Client(MemoryLink& link) : link_(link) {}
    Status Write(const ClientMessage& message) override {
      ClientMessage in_transit = message;
      link_.on_client_message(in_transit);
      return link_.up_.Push(std::move(in_transit));
    }
    StatusOr<ServerMessage> Read() override { return link_.down_.Pop(); }
    StatusOr<Bytes> PeerSpki() override { return link_.client_tls_.peer_spki; }

   private:
    MemoryLink& link_;
  };

  class Server final : public ServerPipe {
   public:
    explicit Server(MemoryLink& link) : link_(link) {}
    Status Write(const ServerMessage& message) override {
      ServerMessage in_transit = message;
      link_.on_server_message(in_transit);
      return link_.down_.Push(std::move(in_transit));
    }
    StatusOr<ClientMessage> Read() override { return link_.up_.Pop(); }

   private:
    MemoryLink& link_;
  };

  Client& client() { return client_; }
  Server& server() { return server_; }
  void CloseUp() { up_.Close(); }
  void CloseDown() { down_.Close(); }

 private:
  TlsKeys client_tls_;
  MemoryQueue<ClientMessage> up_;
  MemoryQueue<ServerMessage> down_;
  Client client_{*this};
  Server server_{*this};
};

}  // namespace kedge::testing
