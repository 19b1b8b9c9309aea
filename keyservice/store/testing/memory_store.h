// A Store that lives as long as the object, for tests of what stands on the port.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <map>
#include <string>

#include "keyservice/core/store.h"

namespace kedge::testing {

class MemoryStore final : public Store {
 public:
  StatusOr<std::optional<StoredValue>> Get(std::string_view key) override;
  StatusOr<uint64_t> CompareAndSwap(std::string_view key, uint64_t expected,
                                    ByteView value) override;
  StatusOr<std::vector<std::string>> List(std::string_view prefix) override;

 private:
  absl::Mutex mutex_;
  std::map<std::string, StoredValue, std::less<>> values_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kedge::testing
