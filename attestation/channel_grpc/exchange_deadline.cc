#include "attestation/channel_grpc/exchange_deadline.h"

#include <grpc/support/time.h>

namespace kedge {

ExchangeDeadline::ExchangeDeadline(grpc::ServerContext& context, absl::Duration limit) {
  {
    absl::MutexLock lock(&call_->mutex);
    call_->context = &context;
  }
  alarm_.Set(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                          gpr_time_from_nanos(absl::ToInt64Nanoseconds(limit), GPR_TIMESPAN)),
             [call = call_](bool rang) {
               absl::MutexLock lock(&call->mutex);
               if (!rang || call->context == nullptr) return;
               call->passed = true;
               call->context->TryCancel();
             });
}

ExchangeDeadline::~ExchangeDeadline() {
  absl::MutexLock lock(&call_->mutex);
  call_->context = nullptr;
}

bool ExchangeDeadline::passed() const {
  absl::MutexLock lock(&call_->mutex);
  return call_->passed;
}

}  // namespace kedge
