// A Store in one local directory: one file a key (grammar: docs/FORMATS.md, "Store directory").
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <memory>
#include <string>

#include "keyservice/core/store.h"

namespace kedge {

// Each write goes to a new file that is synced and then renamed over the old one, and the directory
// is synced: after a power cut a key has its old value or its new one. No symbolic link is followed
// inside the directory. One process at a time holds a directory; calls block on the disk.
class DirectoryStore final : public Store {
 public:
  // Makes `path` (mode 0700) where it does not exist; its parent must. Refuses a symbolic link, a
  // directory of another user or writable by others (FAILED_PRECONDITION, fault STORE_UNSAFE), and
  // one that another process holds (UNAVAILABLE, fault STORE_LOCKED).
  static StatusOr<std::unique_ptr<DirectoryStore>> Open(const std::string& path);
  ~DirectoryStore() override;
  DirectoryStore(const DirectoryStore&) = delete;
  DirectoryStore& operator=(const DirectoryStore&) = delete;

  StatusOr<std::optional<StoredValue>> Get(std::string_view key) override;
  StatusOr<uint64_t> CompareAndSwap(std::string_view key, uint64_t expected,
                                    ByteView value) override;
  StatusOr<std::vector<std::string>> List(std::string_view prefix) override;

 private:
  explicit DirectoryStore(int directory) : directory_(directory) {}
  Status RemoveLeftovers();
  StatusOr<std::optional<StoredValue>> Read(std::string_view key)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status Write(std::string_view key, const StoredValue& value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int directory_;
  absl::Mutex mutex_;
  uint64_t next_temporary_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kedge
