#include "keyservice/server/answer_wire.h"

#include "proto/kedge.pb.h"
#include "proto/wire/binary.h"
#include "proto/wire/json.h"
#include "proto/wire/receipt.h"

namespace kedge::keyservice {
namespace {

constexpr size_t kShownDigest = 8;  // bytes of a header digest that tell two disks apart

constexpr char kTpmCounterBehind[] = "TPM counter behind: vTPM replaced or rolled back";

std::string Text(ByteView bytes) { return std::string(AsText(bytes)); }

std::string PrintTime(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

std::string DescribeDisk(const NodeEntry& entry) {
  switch (entry.revoked_from.value_or(entry.state)) {
    case RegistryState::kEnrolled:
      return "none";
    case RegistryState::kFormatting:
      return "formatting";
    case RegistryState::kFormatted:
    case RegistryState::kJoined:
    case RegistryState::kRevoked:
      break;
  }
  if (!entry.header_digest) return "formatted";
  return "formatted " + ToHex(ByteView(*entry.header_digest).first(kShownDigest));
}

void ToWire(const NodeEntry& entry, v1::NodeStatus* out) {
  out->set_name(entry.name);
  out->set_role(entry.role);
  out->set_state(std::string(ToString(entry.state)));
  out->set_identity_kind(std::string(ToString(entry.identity.kind)));
  out->set_identity(ToHex(entry.identity.value));
  out->set_disk(DescribeDisk(entry));
  out->set_disk_counter(entry.disk_counter);
  out->set_next_disk_counter(entry.next_disk_counter);
  out->set_disk_accepted(entry.disk_accepted);
  if (entry.tpm_counter_behind) out->set_warning(kTpmCounterBehind);
  if (entry.last_refused) {
    const RefusedIdentity& refused = *entry.last_refused;
    out->set_refused_identity_kind(std::string(ToString(refused.identity.kind)));
    out->set_refused_identity(ToHex(refused.identity.value));
    out->set_refused_time(PrintTime(refused.time));
  }
  for (const HardwareIdentity& revoked : entry.revoked) {
    out->add_revoked_identities(ToHex(revoked.value));
  }
  for (const OwnerAct& act : entry.acts) {
    v1::OwnerActRecord* record = out->add_owner_acts();
    record->set_time(PrintTime(act.time));
    record->set_command(act.command);
    record->set_owner(act.owner);
    record->set_reason(act.reason);
  }
  if (!entry.last_seen) return;
  const LastSeen& seen = *entry.last_seen;
  out->set_image(seen.image);
  out->set_pcr15(ToHex(seen.pcr15));
  // The identity of a TPM that the host runs is the host's to copy.
  out->set_host_controlled(seen.level == EvidenceLevel::kHostVtpm);
  out->set_evidence_level(std::string(ToString(seen.level)));
  out->set_verdict(seen.trusted ? "trusted" : "refused");
  out->set_boot_phase(seen.boot_phase);
  out->set_last_seen(PrintTime(seen.time));
}

void ToWire(const UpdateProgress& progress, v1::UpdateProgress* out) {
  out->set_generation(progress.step.generation);
  out->set_manifest_digest(ToHex(progress.step.manifest_digest));
  out->set_needed(progress.tally.needed);
  for (const std::string& name : progress.tally.approved) out->add_approved(name);
  for (const std::string& name : progress.tally.missing) out->add_missing(name);
}

}  // namespace

StatusOr<std::string> PrintSetManifestAnswer(const UpdateOutcome& outcome) {
  v1::SetManifestAnswer message;
  message.set_in_force(outcome.in_force);
  ToWire(outcome.progress, message.mutable_progress());
  for (const LockoutRisk& risk : outcome.risks) {
    v1::LockoutRiskNote* note = message.add_risks();
    note->set_code(risk.code);
    note->set_what(risk.what);
  }
  *message.mutable_receipt() = wire::ToWire(outcome.receipt);
  return wire::PrintJson(message);
}

Bytes ToWire(const ReleaseAnswer& answer) {
  v1::ReleaseAnswer message;
  message.set_disk_order(std::string(ToString(answer.order)));
  message.set_node_certificate_pem(answer.node_certificate_pem);
  message.set_ca_certificate_pem(answer.ca_certificate_pem);
  message.set_manifest_digest(Text(answer.manifest_digest));
  message.set_manifest_generation(answer.manifest_generation);
  message.set_disk_counter(answer.disk_counter);
  message.set_next_disk_counter(answer.next_disk_counter);
  message.set_disk_accepted(answer.disk_accepted);
  return wire::PrintBinary(message);
}

Bytes ToWire(const InitResult& result) {
  const LiveCluster& cluster = *result.cluster;
  v1::InitResult message;
  message.set_cluster_id(Text(cluster.facts().cluster_id));
  message.set_service_key_spki(Text(cluster.facts().service_key_spki));
  for (const SeedShare& share : result.seed_shares) {
    *message.add_seed_shares() = wire::ToWire(share);
  }
  *message.mutable_receipt() = wire::ToWire(cluster.receipt());
  message.set_ca_certificate_pem(cluster.ca_certificate_pem());
  message.set_trust_on_first_use(result.trust_on_first_use);
  return wire::PrintBinary(message);
}

Bytes RecoverResultToWire(const LiveCluster& cluster, const std::optional<Receipt>& receipt) {
  v1::RecoverResult message;
  message.set_cluster_id(Text(cluster.facts().cluster_id));
  if (receipt) *message.mutable_receipt() = wire::ToWire(*receipt);
  return wire::PrintBinary(message);
}

Bytes ToWire(const CoordinatorProof& proof) {
  v1::CoordinatorProof message;
  message.set_phase(std::string(ToString(proof.phase)));
  message.set_node(proof.node);
  message.set_ek_public(Text(proof.endorsements.ek_public));
  message.set_ek_certificate(Text(proof.endorsements.ek_certificate));
  message.set_activation_hmac(Text(proof.activation_hmac));
  if (proof.cluster) {
    message.set_manifest(Text(proof.cluster->manifest().bytes()));
    message.set_ca_certificate_pem(proof.cluster->ca_certificate_pem());
  }
  return wire::PrintBinary(message);
}

StatusOr<std::string> PrintStatus(const ServiceReport& report) {
  v1::StatusAnswer message;
  message.set_phase(std::string(ToString(report.phase)));
  message.set_node(report.node);
  message.set_store_attached(report.store_attached);
  message.set_problem(report.problem);
  if (report.cluster) {
    message.set_cluster_id(ToHex(report.cluster->facts().cluster_id));
    message.set_cluster(report.cluster->manifest().cluster());
    message.set_manifest_generation(report.cluster->manifest().generation());
  }
  if (report.receipt) *message.mutable_receipt() = wire::ToWire(*report.receipt);
  if (report.pending) ToWire(*report.pending, message.mutable_pending_update());
  for (const NodeEntry& entry : report.nodes) ToWire(entry, message.add_nodes());
  for (const RefusalEntry& refusal : report.refusals) {
    v1::RefusalRecord* out = message.add_refusals();
    out->set_correlation_id(refusal.correlation_id);
    out->set_time(PrintTime(refusal.time));
    out->set_node(refusal.node);
    out->set_code(refusal.code);
    out->set_reason(refusal.reason);
    out->set_count(refusal.count);
  }
  return wire::PrintJson(message);
}

StatusOr<std::string> PrintNodeCommandAnswer(const NodeCommandOutcome& outcome) {
  v1::NodeCommandAnswer message;
  ToWire(outcome.entry, message.mutable_node());
  message.set_changed(outcome.changed);
  return wire::PrintJson(message);
}

}  // namespace kedge::keyservice
