#include "keyservice/store/attachable_store.h"

#include "keyservice/store/conflict.h"

namespace kedge {
namespace {

// The attached medium's revisions are shown from here on, far from any detached one: a revision
// read before the move must never fit another value after it.
constexpr uint64_t kAttachedRevisions = uint64_t{1} << 32;

}  // namespace

AttachableStore::AttachableStore(std::unique_ptr<Store> detached, std::string commit_key)
    : commit_key_(std::move(commit_key)), store_(std::move(detached)) {}

StatusOr<AttachableStore::Found> AttachableStore::Attach(std::unique_ptr<Store> medium,
                                                         IfFresh if_fresh) {
  absl::MutexLock lock(&mutex_);
  if (attached_) return FailedPrecondition("the store is attached already");
  ASSIGN_OR_RETURN(const std::optional<StoredValue> commit, medium->Get(commit_key_));
  if (!commit && if_fresh == IfFresh::kRefuse) {
    return MakeFault(StatusCode::kFailedPrecondition, "STORE_FRESH", Advice::kAskOperator,
                     "the store holds no records, though some were expected");
  }
  if (!commit) RETURN_IF_ERROR(CopyTo(*medium));
  store_ = std::move(medium);
  attached_ = true;
  return commit ? Found::kFilled : Found::kFresh;
}

Status AttachableStore::CopyTo(Store& medium) {
  ASSIGN_OR_RETURN(std::vector<std::string> keys, store_->List(""));
  std::erase(keys, commit_key_);
  keys.push_back(commit_key_);
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(const std::optional<StoredValue> value, store_->Get(key));
    if (!value) continue;
    // A copy that was cut short has left values: they are written over.
    ASSIGN_OR_RETURN(const std::optional<StoredValue> leftover, medium.Get(key));
    RETURN_IF_ERROR(
        medium.CompareAndSwap(key, leftover ? leftover->revision : 0, value->value).status());
  }
  return absl::OkStatus();
}

bool AttachableStore::attached() const {
  absl::MutexLock lock(&mutex_);
  return attached_;
}

StatusOr<std::optional<StoredValue>> AttachableStore::Get(std::string_view key) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(std::optional<StoredValue> value, store_->Get(key));
  if (value && attached_) value->revision += kAttachedRevisions;
  return value;
}

StatusOr<uint64_t> AttachableStore::CompareAndSwap(std::string_view key, uint64_t expected,
                                                   ByteView value) {
  absl::MutexLock lock(&mutex_);
  const uint64_t base = attached_ ? kAttachedRevisions : 0;
  if (expected != 0 && expected <= base) return RevisionConflict(key, expected, base);
  ASSIGN_OR_RETURN(const uint64_t revision,
                   store_->CompareAndSwap(key, expected == 0 ? 0 : expected - base, value));
  return revision + base;
}

StatusOr<std::vector<std::string>> AttachableStore::List(std::string_view prefix) {
  absl::MutexLock lock(&mutex_);
  return store_->List(prefix);
}

}  // namespace kedge
