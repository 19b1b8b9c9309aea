// One thread that owns an object which is not thread-safe: callers from any thread wait their turn.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>

#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

namespace kedge {

class OwnerThread {
 public:
  OwnerThread();
  // Runs what was queued, then ends the thread.
  ~OwnerThread();
  OwnerThread(const OwnerThread&) = delete;
  OwnerThread& operator=(const OwnerThread&) = delete;

  // Runs `work` on the owner thread and returns what it returned. Never call it from `work`.
  template <typename Work>
  auto Run(Work&& work) -> decltype(work()) {
    std::optional<decltype(work())> result;
    absl::Notification done;
    Enqueue([&] {
      result.emplace(work());
      done.Notify();
    });
    done.WaitForNotification();
    return *std::move(result);
  }

 private:
  void Enqueue(std::function<void()> task);
  void Loop();

  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kedge
