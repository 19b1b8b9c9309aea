#include "attestation/verify/pck_chain_cache.h"

#include <utility>

namespace kedge {

StatusOr<std::shared_ptr<const PckChain>> PckChainCache::Read(std::string_view pem) {
  {
    const absl::MutexLock lock(&mutex_);
    if (const auto found = by_pem_.find(pem); found != by_pem_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->chain;
    }
  }
  // Unlocked: others need not wait for three certificates. Two that read the same chain at once
  // find the same.
  ASSIGN_OR_RETURN(std::shared_ptr<const PckChain> chain, ReadPckChain(pem, &authorities_));
  const absl::MutexLock lock(&mutex_);
  if (by_pem_.find(pem) == by_pem_.end()) {
    entries_.push_front({std::string(pem), chain});
    by_pem_.emplace(entries_.front().pem, entries_.begin());
    if (entries_.size() > capacity_) {
      by_pem_.erase(entries_.back().pem);
      entries_.pop_back();
    }
  }
  return chain;
}

size_t PckChainCache::size() const {
  const absl::MutexLock lock(&mutex_);
  return entries_.size();
}

}  // namespace kedge
