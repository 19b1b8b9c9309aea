// Who may run an exchange now: bounds in total and for one address, so that one peer cannot keep
// all others out.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <map>
#include <string>

#include "base/status.h"

namespace kedge {

// Thread-safe.
class Admission {
 public:
  // One address gets at most half of `max_total` (at least one).
  explicit Admission(int max_total);

  // Holds a place until destroyed. Move-only; must not outlive the Admission.
  class Place {
   public:
    Place(Place&& other) noexcept;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class Admission;
    Place(Admission* owner, std::string address);
    Admission* owner_;
    std::string address_;
  };

  // `peer` as gRPC names it ("ipv4:192.0.2.1:4711"); its port does not count. RESOURCE_EXHAUSTED
  // with fault BUSY, advice retry.
  StatusOr<Place> Enter(const std::string& peer);

 private:
  void Leave(const std::string& address);

  const int max_total_;
  const int max_per_address_;
  absl::Mutex mutex_;
  int total_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> by_address_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kedge
