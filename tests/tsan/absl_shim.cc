// Debian's Abseil is not built for ThreadSanitizer, so the sanitizer cannot see that absl::Mutex
// and absl::Notification order memory, and would report all that they guard. The linker sends
// every call of ours to them through here (--wrap, cmake/KedgeOptions.cmake), where it is said.
// A function that is missing here gives false reports, never a missed one.
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void __tsan_ignore_thread_begin();
void __tsan_ignore_thread_end();
}

namespace {

// Whoever unlocks a mutex evaluates the conditions of those who wait for it, still holding it, but
// after the release that is announced here: what happens inside Abseil is not looked at.
class InsideAbseil {
 public:
  InsideAbseil() { __tsan_ignore_thread_begin(); }
  ~InsideAbseil() { __tsan_ignore_thread_end(); }
  InsideAbseil(const InsideAbseil&) = delete;
  InsideAbseil& operator=(const InsideAbseil&) = delete;
};

}  // namespace

extern "C" {

void __real__ZN4absl7debian35Mutex4LockEv(absl::Mutex* mutex);
void __wrap__ZN4absl7debian35Mutex4LockEv(absl::Mutex* mutex) {
  {
    const InsideAbseil inside;
    __real__ZN4absl7debian35Mutex4LockEv(mutex);
  }
  __tsan_acquire(mutex);
}

void __real__ZN4absl7debian35Mutex6UnlockEv(absl::Mutex* mutex);
void __wrap__ZN4absl7debian35Mutex6UnlockEv(absl::Mutex* mutex) {
  __tsan_release(mutex);
  const InsideAbseil inside;
  __real__ZN4absl7debian35Mutex6UnlockEv(mutex);
}

void __real__ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(absl::Mutex* mutex,
                                                           const absl::Condition& condition);
void __wrap__ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(absl::Mutex* mutex,
                                                           const absl::Condition& condition) {
  __tsan_release(mutex);
  {
    const InsideAbseil inside;
    __real__ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(mutex, condition);
  }
  __tsan_acquire(mutex);
}

bool __real__ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE(
    absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout);
bool __wrap__ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE(
    absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout) {
  __tsan_release(mutex);
  bool held = false;
  {
    const InsideAbseil inside;
    held = __real__ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE(
        mutex, condition, timeout);
  }
  __tsan_acquire(mutex);
  return held;
}

void __real__ZN4absl7debian312Notification6NotifyEv(absl::Notification* notification);
void __wrap__ZN4absl7debian312Notification6NotifyEv(absl::Notification* notification) {
  __tsan_release(notification);
  __real__ZN4absl7debian312Notification6NotifyEv(notification);
}

void __real__ZNK4absl7debian312Notification19WaitForNotificationEv(
    absl::Notification* notification);
void __wrap__ZNK4absl7debian312Notification19WaitForNotificationEv(
    absl::Notification* notification) {
  __real__ZNK4absl7debian312Notification19WaitForNotificationEv(notification);
  __tsan_acquire(notification);
}

bool __real__ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE(
    absl::Notification* notification, absl::Duration timeout);
bool __wrap__ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE(
    absl::Notification* notification, absl::Duration timeout) {
  const bool notified =
      __real__ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE(
          notification, timeout);
  if (notified) __tsan_acquire(notification);
  return notified;
}

}  // extern "C"
