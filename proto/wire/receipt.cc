#include "proto/wire/receipt.h"

#include <absl/strings/str_cat.h>

#include "proto/wire/fields.h"
#include "proto/wire/json.h"

namespace kedge::wire {
namespace {

constexpr JsonLimits kReceiptLimits{.max_bytes = kMaxReceiptFile, .max_depth = 2, .max_values = 64};
constexpr JsonLimits kSeedShareLimits{
    .max_bytes = kMaxSeedShareFile, .max_depth = 1, .max_values = 16};
constexpr size_t kMaxKey = 1024;
constexpr size_t kMaxSignature = 256;
constexpr size_t kMaxName = 128;

}  // namespace

StatusOr<Transition> FromWire(const v1::Transition& message) {
  Transition out;
  out.generation = message.generation();
  ASSIGN_OR_RETURN(out.manifest_digest, Exactly<32>(message.manifest_digest(), "manifest_digest"));
  ASSIGN_OR_RETURN(out.previous, Exactly<32>(message.previous(), "previous"));
  ASSIGN_OR_RETURN(out.signature, Between(message.signature(), kMaxSignature, "signature"));
  return out;
}

v1::Transition ToWire(const Transition& transition) {
  v1::Transition out;
  out.set_generation(transition.generation);
  out.set_manifest_digest(Text(transition.manifest_digest));
  out.set_previous(Text(transition.previous));
  out.set_signature(Text(transition.signature));
  return out;
}

StatusOr<Receipt> FromWire(const v1::Receipt& message) {
  Receipt out;
  out.counted = message.format() == kReceiptFormat;
  if (!out.counted && message.format() != kReceiptFormat1) {
    return Malformed(absl::StrCat("receipt: format is not '", std::string(kReceiptFormat), "'"));
  }
  if (!out.counted && message.coordinator_disk_counter() != 0) {
    return Malformed("receipt: format v1 has no coordinator_disk_counter");
  }
  out.coordinator_disk_counter = message.coordinator_disk_counter();
  ASSIGN_OR_RETURN(out.cluster_id, Exactly<32>(message.cluster_id(), "cluster_id"));
  ASSIGN_OR_RETURN(out.service_key_spki,
                   Between(message.service_key_spki(), kMaxKey, "service_key_spki"));
  ASSIGN_OR_RETURN(out.latest, FromWire(message.latest()));
  if (message.coordinator_node().size() > kMaxName) return Malformed("coordinator_node: too long");
  out.coordinator_node = message.coordinator_node();
  ASSIGN_OR_RETURN(out.coordinator_id, Between(message.coordinator_id(), 64, "coordinator_id"));
  ASSIGN_OR_RETURN(out.measurement_salt,
                   Exactly<32>(message.measurement_salt(), "measurement_salt"));
  ASSIGN_OR_RETURN(out.signature, Between(message.signature(), kMaxSignature, "signature"));
  return out;
}

v1::Receipt ToWire(const Receipt& receipt) {
  v1::Receipt out;
  out.set_format(std::string(receipt.counted ? kReceiptFormat : kReceiptFormat1));
  out.set_cluster_id(Text(receipt.cluster_id));
  out.set_service_key_spki(Text(receipt.service_key_spki));
  *out.mutable_latest() = ToWire(receipt.latest);
  out.set_coordinator_node(receipt.coordinator_node);
  out.set_coordinator_id(Text(receipt.coordinator_id));
  out.set_measurement_salt(Text(receipt.measurement_salt));
  out.set_coordinator_disk_counter(receipt.coordinator_disk_counter);
  out.set_signature(Text(receipt.signature));
  return out;
}

StatusOr<SeedShare> FromWire(const v1::SeedShare& message) {
  SeedShare out;
  if (message.owner().size() > kMaxName) return Malformed("owner: too long");
  out.owner = message.owner();
  ASSIGN_OR_RETURN(out.owner_key_digest,
                   Exactly<32>(message.owner_key_digest(), "owner_key_digest"));
  ASSIGN_OR_RETURN(out.encrypted_seed, Between(message.encrypted_seed(), 1024, "encrypted_seed"));
  ASSIGN_OR_RETURN(const auto salt, Exactly<kSeedSaltSize>(message.salt(), "salt"));
  out.salt = ToBytes(salt);
  return out;
}

v1::SeedShare ToWire(const SeedShare& share) {
  v1::SeedShare out;
  out.set_owner(share.owner);
  out.set_owner_key_digest(Text(share.owner_key_digest));
  out.set_encrypted_seed(Text(share.encrypted_seed));
  out.set_salt(Text(share.salt));
  return out;
}

StatusOr<Receipt> ParseReceipt(ByteView file) {
  v1::Receipt message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(file), kReceiptLimits, &message), "receipt"));
  StatusOr<Receipt> receipt = FromWire(message);
  if (!receipt.ok()) return Annotate(receipt.status(), "receipt");
  return receipt;
}

StatusOr<std::string> PrintReceipt(const Receipt& receipt) { return PrintJson(ToWire(receipt)); }

StatusOr<SeedShare> ParseSeedShare(ByteView file) {
  v1::SeedShare message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(file), kSeedShareLimits, &message), "seed share"));
  StatusOr<SeedShare> share = FromWire(message);
  if (!share.ok()) return Annotate(share.status(), "seed share");
  return share;
}

StatusOr<std::string> PrintSeedShare(const SeedShare& share) { return PrintJson(ToWire(share)); }

}  // namespace kedge::wire
