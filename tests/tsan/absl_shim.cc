// Debian's Abseil is not built for ThreadSanitizer, so the sanitizer cannot see that absl::Mutex,
// absl::CondVar and absl::Notification order memory, and would report all that they guard, in Kedge
// and in gRPC. Programs are searched for symbols before libraries, so the functions here stand in
// front of Abseil's for every caller, say what they order, and go on to the real ones. A function
// that is missing here gives false reports, never a missed one.
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <dlfcn.h>

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

// The next function of that name after ours.
template <typename Function>
Function* Next(const char* symbol) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol));
}

// Calls something that gives the mutex away and takes it again.
template <typename Function, typename... Arguments>
auto Waiting(absl::Mutex* mutex, Function* real, Arguments&&... arguments) {
  struct Again {
    absl::Mutex* mutex;
    ~Again() { __tsan_acquire(mutex); }
  };
  __tsan_release(mutex);
  const Again again{mutex};
  const InsideAbseil inside;
  return real(std::forward<Arguments>(arguments)...);
}

}  // namespace

extern "C" {

void _ZN4absl7debian35Mutex4LockEv(absl::Mutex* mutex) {
  static const auto real = Next<void(absl::Mutex*)>("_ZN4absl7debian35Mutex4LockEv");
  {
    const InsideAbseil inside;
    real(mutex);
  }
  __tsan_acquire(mutex);
}

bool _ZN4absl7debian35Mutex7TryLockEv(absl::Mutex* mutex) {
  static const auto real = Next<bool(absl::Mutex*)>("_ZN4absl7debian35Mutex7TryLockEv");
  const bool locked = real(mutex);
  if (locked) __tsan_acquire(mutex);
  return locked;
}

void _ZN4absl7debian35Mutex6UnlockEv(absl::Mutex* mutex) {
  static const auto real = Next<void(absl::Mutex*)>("_ZN4absl7debian35Mutex6UnlockEv");
  __tsan_release(mutex);
  const InsideAbseil inside;
  real(mutex);
}

void _ZN4absl7debian35Mutex10ReaderLockEv(absl::Mutex* mutex) {
  static const auto real = Next<void(absl::Mutex*)>("_ZN4absl7debian35Mutex10ReaderLockEv");
  {
    const InsideAbseil inside;
    real(mutex);
  }
  __tsan_acquire(mutex);
}

void _ZN4absl7debian35Mutex12ReaderUnlockEv(absl::Mutex* mutex) {
  static const auto real = Next<void(absl::Mutex*)>("_ZN4absl7debian35Mutex12ReaderUnlockEv");
  __tsan_release(mutex);
  const InsideAbseil inside;
  real(mutex);
}

void _ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(absl::Mutex* mutex,
                                                    const absl::Condition* condition) {
  static const auto real = Next<void(absl::Mutex*, const absl::Condition*)>(
      "_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE");
  Waiting(mutex, real, mutex, condition);
}

bool _ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE(
    absl::Mutex* mutex, const absl::Condition* condition, absl::Duration timeout) {
  static const auto real = Next<bool(absl::Mutex*, const absl::Condition*, absl::Duration)>(
      "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  return Waiting(mutex, real, mutex, condition, timeout);
}

void _ZN4absl7debian37CondVar4WaitEPNS0_5MutexE(absl::CondVar* changed, absl::Mutex* mutex) {
  static const auto real =
      Next<void(absl::CondVar*, absl::Mutex*)>("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE");
  Waiting(mutex, real, changed, mutex);
}

bool _ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE(absl::CondVar* changed,
                                                                          absl::Mutex* mutex,
                                                                          absl::Duration timeout) {
  static const auto real = Next<bool(absl::CondVar*, absl::Mutex*, absl::Duration)>(
      "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  return Waiting(mutex, real, changed, mutex, timeout);
}

bool _ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE(absl::CondVar* changed,
                                                                       absl::Mutex* mutex,
                                                                       absl::Time deadline) {
  static const auto real = Next<bool(absl::CondVar*, absl::Mutex*, absl::Time)>(
      "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  return Waiting(mutex, real, changed, mutex, deadline);
}

void _ZN4absl7debian312Notification6NotifyEv(absl::Notification* notification) {
  static const auto real =
      Next<void(absl::Notification*)>("_ZN4absl7debian312Notification6NotifyEv");
  __tsan_release(notification);
  real(notification);
}

void _ZNK4absl7debian312Notification19WaitForNotificationEv(absl::Notification* notification) {
  static const auto real =
      Next<void(absl::Notification*)>("_ZNK4absl7debian312Notification19WaitForNotificationEv");
  real(notification);
  __tsan_acquire(notification);
}

bool _ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE(
    absl::Notification* notification, absl::Duration timeout) {
  static const auto real = Next<bool(absl::Notification*, absl::Duration)>(
      "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
  const bool notified = real(notification, timeout);
  if (notified) __tsan_acquire(notification);
  return notified;
}

}  // extern "C"
