#include "attestation/verify/intel_authorities.h"

#include <algorithm>

namespace kedge {

StatusOr<Certificate> IntelAuthorities::Read(ByteView der) {
  {
    const absl::MutexLock lock(&mutex_);
    for (const Entry& entry : entries_) {
      if (Equal(entry.subject.der(), der)) return entry.subject;
    }
  }
  return Certificate::FromDer(der);
}

Status IntelAuthorities::CheckIssuedBy(const Certificate& subject, const Certificate& issuer) {
  if (subject.is_ca()) {
    const absl::MutexLock lock(&mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.subject.der() == subject.der() && entry.issuer == issuer.der();
    });
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
      return absl::OkStatus();
    }
  }
  // Unlocked: others need not wait for a signature. Two that check the same find the same, and the
  // older of two equal entries leaves first.
  RETURN_IF_ERROR(subject.VerifyIssuedBy(issuer));
  if (!subject.is_ca()) return absl::OkStatus();
  const absl::MutexLock lock(&mutex_);
  entries_.push_front({subject, issuer.der()});
  if (entries_.size() > kKept) entries_.pop_back();
  return absl::OkStatus();
}

size_t IntelAuthorities::size() const {
  const absl::MutexLock lock(&mutex_);
  return entries_.size();
}

}  // namespace kedge
