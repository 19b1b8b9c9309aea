#include "keyservice/store/testing/memory_store.h"

#include "keyservice/store/conflict.h"

namespace kedge::testing {

StatusOr<std::optional<StoredValue>> MemoryStore::Get(std::string_view key) {
  RETURN_IF_ERROR(CheckStoreKey(key));
  absl::MutexLock lock(&mutex_);
  const auto found = values_.find(key);
  if (found == values_.end()) return std::optional<StoredValue>();
  return std::optional<StoredValue>(found->second);
}

StatusOr<uint64_t> MemoryStore::CompareAndSwap(std::string_view key, uint64_t expected,
                                               ByteView value) {
  RETURN_IF_ERROR(CheckStoreKey(key));
  RETURN_IF_ERROR(CheckValueSize(key, value.size()));
  absl::MutexLock lock(&mutex_);
  const auto found = values_.find(key);
  const uint64_t revision = found == values_.end() ? 0 : found->second.revision;
  if (revision != expected) return RevisionConflict(key, expected, revision);
  values_.insert_or_assign(std::string(key),
                           StoredValue{.value = ToBytes(value), .revision = revision + 1});
  return revision + 1;
}

StatusOr<std::vector<std::string>> MemoryStore::List(std::string_view prefix) {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> keys;
  for (auto it = values_.lower_bound(prefix); it != values_.end() && it->first.starts_with(prefix);
       ++it) {
    keys.push_back(it->first);
  }
  return keys;
}

}  // namespace kedge::testing
