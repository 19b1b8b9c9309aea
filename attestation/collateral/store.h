// Collateral on disk and from the network: fetched once however many ask, verified again whenever
// it is read, never older than what was seen before, and asked for with patience.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attestation/collateral/document.h"
#include "attestation/collateral/http.h"
#include "base/clock.h"
#include "base/random.h"

namespace kedge::collateral {

struct StoreOptions {
  std::string folder;    // made where missing; the process that writes it is trusted
  bool offline = false;  // never asks the network
  // A document is renewed this long before its next update, so that a short outage of the service
  // is never felt.
  absl::Duration renew_before = absl::Hours(24);
  absl::Duration first_backoff = absl::Seconds(2);
  absl::Duration longest_backoff = absl::Minutes(15);
};

struct Kept {
  Document document;
  DocumentFacts facts;
  // OK, or why a newer one could not be had; the document itself is still in force.
  Status renewal;
};

// Safe from any thread; Get blocks for as long as one exchange may take.
class Store {
 public:
  Store(StoreOptions options, Http& http, const Clock& clock, Random& random)
      : options_(std::move(options)), http_(http), clock_(clock), random_(random) {}

  // A document in force now, verified by `check`. `chain_header`: which header carries the issuer
  // chain (lower case; empty: none). UNAVAILABLE with faults COLLATERAL_* where there is none;
  // PERMISSION_DENIED with COLLATERAL_ROLLBACK where the service only has an older one.
  StatusOr<Kept> Get(const std::string& url, const std::string& chain_header,
                     const DocumentCheck& check);

  // Everything in the folder that can be decoded; nothing is verified.
  StatusOr<std::vector<Document>> List() const;

 private:
  struct Flight;

  StatusOr<Kept> FromDisk(const std::string& url, const DocumentCheck& check) const;
  StatusOr<Kept> Fetch(const std::string& url, const std::string& chain_header,
                       const DocumentCheck& check);
  // In force, and not yet due for renewal.
  bool IsFresh(const StatusOr<Kept>& kept) const;
  StatusOr<Kept> FetchOnce(const std::string& url, const std::string& chain_header,
                           const DocumentCheck& check);
  Status Accept(const Document& document, const DocumentFacts& facts);
  StatusOr<std::optional<Watermark>> MarkOf(const std::string& subject) const;
  Status MayAsk(const std::string& host);
  void Failed(const std::string& host, std::optional<absl::Duration> wait);
  void Succeeded(const std::string& host);

  struct Backoff {
    int failures = 0;
    absl::Time not_before = absl::InfinitePast();
  };

  const StoreOptions options_;
  Http& http_;
  const Clock& clock_;
  Random& random_;
  absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Backoff> backoffs_ ABSL_GUARDED_BY(mutex_);
  absl::Mutex marks_mutex_;  // one writer of watermarks at a time
};

}  // namespace kedge::collateral
