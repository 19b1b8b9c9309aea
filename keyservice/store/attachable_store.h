// A Store that begins on one medium and moves, once, to another: a key service in the initrd keeps
// its records under /run until the node's state disk is open.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <memory>
#include <string>

#include "keyservice/core/store.h"

namespace kedge {

class AttachableStore final : public Store {
 public:
  // `commit_key` is written last by whoever fills a store: a medium without it is fresh.
  AttachableStore(std::unique_ptr<Store> detached, std::string commit_key);

  // Moves to `medium`. One that has the commit key keeps what it has, and the detached values are
  // left behind. A fresh one gets every value of the detached store, the commit key last, so that a
  // copy that was cut short is done again; or, with kRefuse, it is refused with fault STORE_FRESH.
  // On an error the store stays detached. FAILED_PRECONDITION where it is attached already.
  enum class IfFresh { kFill, kRefuse };
  enum class Found { kFresh, kFilled };
  StatusOr<Found> Attach(std::unique_ptr<Store> medium, IfFresh if_fresh);
  bool attached() const;

  // Revisions read before Attach never fit afterwards: they fail with REVISION_CONFLICT.
  StatusOr<std::optional<StoredValue>> Get(std::string_view key) override;
  StatusOr<uint64_t> CompareAndSwap(std::string_view key, uint64_t expected,
                                    ByteView value) override;
  StatusOr<std::vector<std::string>> List(std::string_view prefix) override;

 private:
  Status CopyTo(Store& medium) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string commit_key_;
  mutable absl::Mutex mutex_;
  std::unique_ptr<Store> store_ ABSL_GUARDED_BY(mutex_);
  bool attached_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kedge
