// PCK chains that have been read before. A platform sends the same chain with every quote; reading
// it costs more than the two signatures that differ. Safe to share between threads.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "attestation/verify/intel_chain.h"

namespace kedge {

class PckChainCache {
 public:
  // Keeps the `capacity` (at least 1) chains used last, about 10 KiB each.
  explicit PckChainCache(size_t capacity) : capacity_(capacity) {}

  // As ReadPckChain. What a chain says is never time-dependent, so that nothing here expires; only
  // chains that could be read are kept.
  StatusOr<std::shared_ptr<const PckChain>> Read(std::string_view pem);
  size_t size() const;
  // For chains of new platforms, and for collateral (TdxCollateral::Read).
  IntelAuthorities& authorities() { return authorities_; }

 private:
  struct Entry {
    std::string pem;
    std::shared_ptr<const PckChain> chain;
  };

  const size_t capacity_;
  IntelAuthorities authorities_;
  mutable absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // used last in front
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_pem_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kedge
