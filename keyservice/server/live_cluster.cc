#include "keyservice/server/live_cluster.h"

#include <absl/strings/str_cat.h>

#include "crypto/x509.h"

namespace kedge::keyservice {
namespace {

constexpr absl::Duration kCaLife = absl::Hours(24 * 3650);
constexpr absl::Duration kNodeLife = absl::Hours(24 * 365);
constexpr size_t kSerialSize = 16;

StatusOr<std::string> IssueCa(const SigningKey& ca, const std::string& cluster, absl::Time now) {
  return CaCertificate(ca, absl::StrCat("Kedge cluster ", cluster),
                       {.not_before = now - kCertificateBackdating, .not_after = now + kCaLife});
}

Status CheckManifest(const Manifest& manifest, const Transition& latest) {
  if (manifest.digest() == latest.manifest_digest && manifest.generation() == latest.generation) {
    return absl::OkStatus();
  }
  return Refused(
      "HISTORY_NOT_AUTHENTIC",
      absl::StrCat("the manifest of generation ", manifest.generation(),
                   " is not the one of the latest transition, generation ", latest.generation));
}

}  // namespace

StatusOr<ClusterPtr> LiveCluster::Make(Manifest manifest, const std::string& coordinator_node,
                                       const HardwareIdentity& coordinator, absl::Time now,
                                       Random& random) {
  ASSIGN_OR_RETURN(KeyTree keys, KeyTree::Generate(random));
  ClusterRecord record;
  record.salt = keys.salt();
  RETURN_IF_ERROR(random.Fill(record.receipt.measurement_salt));
  ASSIGN_OR_RETURN(record.receipt.cluster_id,
                   keys.ComputeClusterId(record.receipt.measurement_salt));
  ASSIGN_OR_RETURN(const SigningKey transaction, keys.TransactionKey());
  ASSIGN_OR_RETURN(record.receipt.latest, SignTransition(manifest.generation(), manifest.digest(),
                                                         Sha256Digest{}, transaction));
  record.receipt.coordinator_node = coordinator_node;
  record.receipt.coordinator_id = coordinator.value;
  ASSIGN_OR_RETURN(const SigningKey identity, keys.IdentityKey());
  ASSIGN_OR_RETURN(record.receipt, SignReceipt(std::move(record.receipt), identity));
  const std::vector<Transition> history = {record.receipt.latest};
  return Open(std::move(keys), std::move(record), history, std::move(manifest), now);
}

StatusOr<ClusterPtr> LiveCluster::Open(KeyTree keys, ClusterRecord record,
                                       std::span<const Transition> history, Manifest manifest,
                                       absl::Time now) {
  const Receipt& receipt = record.receipt;
  ASSIGN_OR_RETURN(SigningKey identity, keys.IdentityKey());
  if (!Equal(identity.public_key().spki(), receipt.service_key_spki)) {
    return Refused("WRONG_SEED",
                   "this seed makes another cluster identity than the one in the receipt; send the "
                   "seed of this cluster");
  }
  RETURN_IF_ERROR(VerifyReceipt(receipt, identity.public_key()));
  ASSIGN_OR_RETURN(const ClusterId cluster_id, keys.ComputeClusterId(receipt.measurement_salt));
  if (cluster_id != receipt.cluster_id) {
    return Refused("RECEIPT_NOT_AUTHENTIC", "the receipt's cluster id is not this seed's");
  }
  ASSIGN_OR_RETURN(const SigningKey transaction, keys.TransactionKey());
  if (record.provisional) {
    RETURN_IF_ERROR(VerifyTransition(receipt.latest, transaction.public_key()));
    RETURN_IF_ERROR(CheckManifest(manifest, receipt.latest));
  } else {
    RETURN_IF_ERROR(VerifyHistory(history, transaction.public_key()));
    RETURN_IF_ERROR(CheckManifest(manifest, history.back()));
    // The power went between a step and the record of it.
    if (history.back() != receipt.latest) {
      record.receipt.latest = history.back();
      ASSIGN_OR_RETURN(record.receipt, SignReceipt(std::move(record.receipt), identity));
    }
  }
  ASSIGN_OR_RETURN(SigningKey ca, keys.RootCaKey());
  if (record.ca_certificate_pem.empty()) {
    ASSIGN_OR_RETURN(record.ca_certificate_pem, IssueCa(ca, manifest.cluster(), now));
  }
  ASSIGN_OR_RETURN(const Bytes ca_spki, SpkiOfCertificate(record.ca_certificate_pem));
  if (!Equal(ca_spki, ca.public_key().spki())) {
    return Refused("HISTORY_NOT_AUTHENTIC", "the stored CA certificate is not of this seed's key");
  }
  ClusterFacts facts{.cluster_id = cluster_id,
                     .service_key_spki = receipt.service_key_spki,
                     .manifest = std::make_shared<const Manifest>(std::move(manifest)),
                     .coordinator_node = receipt.coordinator_node,
                     .coordinator = {.kind = IdentityKind::kEk, .value = receipt.coordinator_id}};
  return ClusterPtr(new LiveCluster(std::move(keys), std::move(ca),
                                    std::make_shared<const SigningKey>(std::move(identity)),
                                    std::move(record), std::move(facts)));
}

StatusOr<ClusterPtr> LiveCluster::After(const Transition& step, Manifest manifest,
                                        absl::Time now) const {
  if (step.previous != TransitionHash(record_.receipt.latest)) {
    return Refused("HISTORY_NOT_AUTHENTIC", "the step does not follow the latest one");
  }
  ClusterRecord record = record_;
  record.receipt.latest = step;
  ASSIGN_OR_RETURN(record.receipt, SignReceipt(std::move(record.receipt), *identity_));
  // Of the steps before, this one's signature speaks: it is the way of a recovery.
  record.provisional = true;
  ASSIGN_OR_RETURN(SecretBytes seed, keys_.seed().Clone());
  ASSIGN_OR_RETURN(KeyTree keys, KeyTree::Create(std::move(seed), record.salt));
  return Open(std::move(keys), std::move(record), {}, std::move(manifest), now);
}

StatusOr<Receipt> LiveCluster::ReceiptAt(uint64_t coordinator_disk_counter) const {
  Receipt receipt = record_.receipt;
  receipt.coordinator_disk_counter = coordinator_disk_counter;
  return SignReceipt(std::move(receipt), *identity_);
}

StatusOr<SecretBytes> LiveCluster::DiskKey(std::string_view id) const {
  ASSIGN_OR_RETURN(const SecretBytes kek, keys_.Kek(kKekEpoch));
  return DeriveDek(kek, "state-disk", id, kDekGeneration);
}

StatusOr<std::string> LiveCluster::IssueCertificate(std::string_view node, ByteView request,
                                                    absl::Time now, Random& random) const {
  Bytes serial(kSerialSize);
  RETURN_IF_ERROR(random.Fill(serial));
  return IssueNodeCertificate(
      ca_, record_.ca_certificate_pem, request,
      {.organisation = "system:nodes",
       .common_name = absl::StrCat("system:node:", std::string(node)),
       .validity = {.not_before = now - kCertificateBackdating, .not_after = now + kNodeLife},
       .serial = std::move(serial)});
}

}  // namespace kedge::keyservice
