// A seed vault for tests: lives as long as the object, fails on command.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include "keyservice/core/seed_vault.h"

namespace kedge::testing {

class MemoryVault final : public SeedVault {
 public:
  StatusOr<std::optional<SecretBytes>> Load() override {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(failure_);
    if (seed_.empty()) return std::optional<SecretBytes>();
    ASSIGN_OR_RETURN(SecretBytes copy, seed_.Clone());
    return std::optional<SecretBytes>(std::move(copy));
  }
  Status Keep(const SecretBytes& seed) override {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(failure_);
    ASSIGN_OR_RETURN(seed_, seed.Clone());
    return absl::OkStatus();
  }
  Status Revoke() override {
    absl::MutexLock lock(&mutex_);
    seed_ = SecretBytes();
    return failure_;
  }

  // Every call fails with `failure` until it is OK again.
  void FailWith(Status failure) {
    absl::MutexLock lock(&mutex_);
    failure_ = std::move(failure);
  }

 private:
  absl::Mutex mutex_;
  SecretBytes seed_ ABSL_GUARDED_BY(mutex_);
  Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kedge::testing
