// Invitations that were opened before: a node brings the same file at every boot, and its owner's
// signature costs more to verify than anything else in a release.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <deque>
#include <map>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "keyservice/core/release_decision.h"

namespace kedge::keyservice {

// Keyed by the SHA-256 of the exact bytes, so a changed file is another file. The oldest entry
// leaves first. What is remembered is what a file says, never whether its owner is one of the
// manifest: that is judged at every release. Thread-safe.
class InvitationCache {
 public:
  // `capacity`: entries of a few hundred bytes.
  explicit InvitationCache(size_t capacity = 1024) : capacity_(capacity) {}

  // The invitation as opened, reduced to what authorisation needs. Faults of wire::OpenInvitation;
  // a file that does not open is not remembered.
  StatusOr<InvitationTerms> Open(ByteView file);

  size_t size() const;

 private:
  const size_t capacity_;
  mutable absl::Mutex mutex_;
  std::map<Sha256Digest, InvitationTerms> known_ ABSL_GUARDED_BY(mutex_);
  std::deque<Sha256Digest> by_age_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kedge::keyservice
