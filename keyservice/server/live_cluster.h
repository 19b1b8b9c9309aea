// A cluster with its keys: what a key service is while it is SERVING.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <span>
#include <string>

#include "base/random.h"
#include "base/status.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/receipt.h"
#include "keyservice/core/release_decision.h"
#include "keyservice/server/record_wire.h"

namespace kedge::keyservice {

// Certificates are valid from this long before they are made: clocks of new machines are late as
// often as early (design: Node life, "Clock").
inline constexpr absl::Duration kCertificateBackdating = absl::Hours(1);

inline constexpr uint32_t kDekGeneration = 1;  // there is no re-key yet
inline constexpr uint32_t kKekEpoch = 1;

// Immutable, so that an exchange works with one cluster from beginning to end. Thread-safe.
class LiveCluster {
 public:
  // A new cluster: seed, salts and every key are made here.
  static StatusOr<std::shared_ptr<const LiveCluster>> Make(Manifest manifest,
                                                           const std::string& coordinator_node,
                                                           const HardwareIdentity& coordinator,
                                                           absl::Time now, Random& random);

  // A cluster from its seed, salt and records. Everything that the seed signs is verified: faults
  // WRONG_SEED (it is another cluster's), RECEIPT_NOT_AUTHENTIC, HISTORY_NOT_AUTHENTIC. `history`
  // is whole, oldest first, or, in a provisional record, the latest transition alone. An empty CA
  // certificate is issued anew, by the same key; a receipt behind the history is signed anew.
  static StatusOr<std::shared_ptr<const LiveCluster>> Open(KeyTree keys, ClusterRecord record,
                                                           std::span<const Transition> history,
                                                           Manifest manifest, absl::Time now);

  // The cluster once `step`, which its seed signed and which follows the latest one, has put
  // `manifest` in force. Fault HISTORY_NOT_AUTHENTIC.
  StatusOr<std::shared_ptr<const LiveCluster>> After(const Transition& step, Manifest manifest,
                                                     absl::Time now) const;

  const ClusterFacts& facts() const { return facts_; }
  const Manifest& manifest() const { return *facts_.manifest; }
  const ClusterRecord& record() const { return record_; }
  const Receipt& receipt() const { return record_.receipt; }
  const std::string& ca_certificate_pem() const { return record_.ca_certificate_pem; }
  const std::shared_ptr<const SigningKey>& identity_key() const { return identity_; }
  const KeyTree& keys() const { return keys_; }

  // The record's receipt, signed anew with this counter of the coordinator's disk.
  StatusOr<Receipt> ReceiptAt(uint64_t coordinator_disk_counter) const;

  // Of the volume `id` = "NODE/VOLUME".
  StatusOr<SecretBytes> DiskKey(std::string_view id) const;
  // For the kubelet of `node`: O=system:nodes, CN=system:node:NODE, valid from one hour ago for one
  // year. What the request asks for besides its key is ignored.
  StatusOr<std::string> IssueCertificate(std::string_view node, ByteView request, absl::Time now,
                                         Random& random) const;

 private:
  LiveCluster(KeyTree keys, SigningKey ca, std::shared_ptr<const SigningKey> identity,
              ClusterRecord record, ClusterFacts facts)
      : keys_(std::move(keys)),
        ca_(std::move(ca)),
        identity_(std::move(identity)),
        record_(std::move(record)),
        facts_(std::move(facts)) {}

  const KeyTree keys_;
  const SigningKey ca_;
  const std::shared_ptr<const SigningKey> identity_;
  const ClusterRecord record_;
  const ClusterFacts facts_;
};

using ClusterPtr = std::shared_ptr<const LiveCluster>;

}  // namespace kedge::keyservice
