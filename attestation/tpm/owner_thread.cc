#include "attestation/tpm/owner_thread.h"

namespace kedge {

OwnerThread::OwnerThread() : thread_([this] { Loop(); }) {}

OwnerThread::~OwnerThread() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void OwnerThread::Enqueue(std::function<void()> task) {
  const absl::MutexLock lock(&mutex_);
  tasks_.push_back(std::move(task));
}

void OwnerThread::Loop() {
  for (;;) {
    std::function<void()> task;
    {
      const absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !tasks_.empty();
      };
      mutex_.Await(absl::Condition(&ready));
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace kedge
