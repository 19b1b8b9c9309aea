#include "keyservice/server/invitation_cache.h"

#include "proto/wire/invitation.h"

namespace kedge::keyservice {

StatusOr<InvitationTerms> InvitationCache::Open(ByteView file) {
  const Sha256Digest digest = Sha256(file);
  {
    const absl::MutexLock lock(&mutex_);
    const auto known = known_.find(digest);
    if (known != known_.end()) return known->second;
  }
  ASSIGN_OR_RETURN(const wire::OpenedInvitation opened, wire::OpenInvitation(file));
  const wire::Invitation& invitation = opened.invitation;
  InvitationTerms terms{.file_digest = digest,
                        .owner_key_digest = Sha256(opened.owner_key.spki()),
                        .cluster_id = invitation.cluster_id,
                        .service_key_spki = invitation.service_key_spki,
                        .node = invitation.node,
                        .role = invitation.role,
                        .minimum_generation = invitation.minimum_generation};
  const absl::MutexLock lock(&mutex_);
  if (known_.emplace(digest, terms).second) {
    by_age_.push_back(digest);
    if (by_age_.size() > capacity_) {
      known_.erase(by_age_.front());
      by_age_.pop_front();
    }
  }
  return terms;
}

size_t InvitationCache::size() const {
  const absl::MutexLock lock(&mutex_);
  return known_.size();
}

}  // namespace kedge::keyservice
