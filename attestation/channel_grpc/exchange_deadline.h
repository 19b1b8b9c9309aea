// A limit on one call that its peer cannot choose: a client may send no deadline, or none that
// ends.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>
#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>

#include <memory>

namespace kedge {

// Cancels the call once the limit has passed, unless destroyed before. Lives inside the handler.
class ExchangeDeadline {
 public:
  ExchangeDeadline(grpc::ServerContext& context, absl::Duration limit);
  ~ExchangeDeadline();
  ExchangeDeadline(const ExchangeDeadline&) = delete;
  ExchangeDeadline& operator=(const ExchangeDeadline&) = delete;

  bool passed() const;

 private:
  // Shared with the alarm, which may ring while the handler returns.
  struct Call {
    absl::Mutex mutex;
    grpc::ServerContext* context ABSL_GUARDED_BY(mutex) = nullptr;
    bool passed ABSL_GUARDED_BY(mutex) = false;
  };
  std::shared_ptr<Call> call_ = std::make_shared<Call>();
  grpc::Alarm alarm_;
};

}  // namespace kedge
