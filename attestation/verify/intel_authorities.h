// Intel's authorities that have been seen before: the root and the two that issue PCK certificates
// come with every platform's chain and with every document, byte for byte the same. Safe to share
// between threads.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <list>

#include "base/bytes.h"
#include "crypto/certificate.h"

namespace kedge {

// Why remembering is sound: what is remembered is that the key, name and usage of one certificate
// fit another one's issuer and signature. That follows from the bytes of the two and from nothing
// else, and the bytes are compared as a whole. What may change - the time, the pins, revocation,
// the policy - is not remembered and is asked again for every quote.
//
// Only certificates of authorities are kept: a leaf is new with every platform.
class IntelAuthorities {
 public:
  // As Certificate::FromDer.
  StatusOr<Certificate> Read(ByteView der);
  // As subject.VerifyIssuedBy(issuer). Remembers successes only, so that strangers' certificates
  // cost those who send them.
  Status CheckIssuedBy(const Certificate& subject, const Certificate& issuer);
  size_t size() const;

 private:
  // Intel has four certificates of authorities today, its root twice.
  static constexpr size_t kKept = 16;
  struct Entry {
    Certificate subject;
    Bytes issuer;  // DER
  };

  mutable absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // used last in front
};

}  // namespace kedge
