#include "keyservice/server/record_wire.h"

#include <absl/strings/str_cat.h>

#include "base/names.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/store.h"
#include "proto/kedge.pb.h"
#include "proto/wire/json.h"
#include "proto/wire/receipt.h"

namespace kedge::keyservice {
namespace {

constexpr char kClusterFormat[] = "kedge.cluster.v1";
constexpr char kNodeFormat[] = "kedge.node.v2";
constexpr char kNodeFormatV1[] = "kedge.node.v1";
constexpr char kRefusalsFormat[] = "kedge.refusals.v1";
constexpr wire::JsonLimits kLimits{
    .max_bytes = kMaxStoredValue, .max_depth = 4, .max_values = 4096};

std::string Text(ByteView bytes) { return std::string(AsText(bytes)); }

Status CheckFormat(const std::string& format, std::string_view expected) {
  if (format == expected) return absl::OkStatus();
  return Malformed(
      absl::StrCat("record of format '", format, "', expected ", std::string(expected)));
}

std::string PrintTime(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone());
}

StatusOr<absl::Time> ParseTime(const std::string& text) {
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return time;
  return Malformed(absl::StrCat("'", text, "' is no RFC 3339 time"));
}

void ToWire(const LastSeen& seen, v1::LastSeenRecord* out) {
  out->set_time(PrintTime(seen.time));
  out->set_trusted(seen.trusted);
  out->set_image(seen.image);
  out->set_boot_phase(seen.boot_phase);
  out->set_pcr15(Text(seen.pcr15));
  out->set_evidence_level(std::string(ToString(seen.level)));
  out->set_failure(seen.failure);
}

StatusOr<LastSeen> FromWire(const v1::LastSeenRecord& message) {
  LastSeen out;
  ASSIGN_OR_RETURN(out.time, ParseTime(message.time()));
  out.trusted = message.trusted();
  out.image = message.image();
  out.boot_phase = message.boot_phase();
  out.pcr15 = ToBytes(message.pcr15());
  ASSIGN_OR_RETURN(out.level, ParseEvidenceLevel(message.evidence_level()));
  out.failure = message.failure();
  return out;
}

Status TakeCounters(const v1::NodeRecord& message, NodeEntry& out) {
  out.disk_counter = message.disk_counter();
  out.next_disk_counter = message.next_disk_counter();
  if (message.has_disk_counter_floor()) out.disk_counter_floor = message.disk_counter_floor();
  out.disk_accepted = message.disk_accepted();
  out.tpm_counter_behind = message.tpm_counter_behind();
  const bool counted = out.disk_counter != 0 || out.next_disk_counter != 0 ||
                       out.disk_counter_floor || out.disk_accepted || out.tpm_counter_behind;
  if (counted && message.format() == kNodeFormatV1) {
    return Malformed("node record: format v1 has no disk counters");
  }
  if (out.disk_counter > kMaxDiskCounter || out.next_disk_counter > kMaxDiskCounter + 1 ||
      (out.next_disk_counter != 0 && out.next_disk_counter <= out.disk_counter)) {
    return Malformed("node record: disk counters");
  }
  return absl::OkStatus();
}

void ToWire(const HardwareIdentity& identity, v1::MachineIdentity* out) {
  out->set_kind(std::string(ToString(identity.kind)));
  out->set_value(Text(identity.value));
}

StatusOr<HardwareIdentity> FromWire(const v1::MachineIdentity& message) {
  HardwareIdentity out;
  ASSIGN_OR_RETURN(out.kind, ParseIdentityKind(message.kind()));
  if (message.value().size() != 32) return Malformed("node record: identity");
  out.value = ToBytes(message.value());
  return out;
}

// What owners and other machines did to a node.
void ToWireHistory(const NodeEntry& entry, v1::NodeRecord* out) {
  if (entry.last_refused) {
    ToWire(entry.last_refused->identity, out->mutable_last_refused()->mutable_identity());
    out->mutable_last_refused()->set_time(PrintTime(entry.last_refused->time));
  }
  if (entry.revoked_from) out->set_revoked_from(std::string(ToString(*entry.revoked_from)));
  for (const HardwareIdentity& identity : entry.revoked) ToWire(identity, out->add_revoked());
  for (const OwnerAct& act : entry.acts) {
    v1::OwnerActRecord* record = out->add_acts();
    record->set_time(PrintTime(act.time));
    record->set_command(act.command);
    record->set_owner(act.owner);
    record->set_reason(act.reason);
  }
}

Status HistoryFromWire(const v1::NodeRecord& message, NodeEntry* out) {
  if (message.format() == kNodeFormatV1 &&
      (message.has_last_refused() || message.acts_size() > 0)) {
    return Malformed("node record: format v1 has no orders of owners");
  }
  if (message.has_last_refused()) {
    RefusedIdentity& refused = out->last_refused.emplace();
    ASSIGN_OR_RETURN(refused.identity, FromWire(message.last_refused().identity()));
    ASSIGN_OR_RETURN(refused.time, ParseTime(message.last_refused().time()));
  }
  if ((out->state == RegistryState::kRevoked) != !message.revoked_from().empty()) {
    return Malformed("node record: revoked_from belongs to the state REVOKED, and to no other");
  }
  if (!message.revoked_from().empty()) {
    out->revoked_from = ParseRegistryState(message.revoked_from());
    if (!out->revoked_from || out->revoked_from == RegistryState::kRevoked) {
      return Malformed("node record: revoked_from");
    }
  }
  for (const v1::MachineIdentity& identity : message.revoked()) {
    ASSIGN_OR_RETURN(out->revoked.emplace_back(), FromWire(identity));
  }
  for (const v1::OwnerActRecord& record : message.acts()) {
    OwnerAct& act = out->acts.emplace_back();
    ASSIGN_OR_RETURN(act.time, ParseTime(record.time()));
    act.command = record.command();
    act.owner = record.owner();
    act.reason = record.reason();
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<std::string> PrintClusterRecord(const ClusterRecord& record) {
  v1::ClusterRecord message;
  message.set_format(kClusterFormat);
  message.set_salt(Text(record.salt));
  message.set_ca_certificate_pem(record.ca_certificate_pem);
  *message.mutable_receipt() = wire::ToWire(record.receipt);
  message.set_provisional(record.provisional);
  return wire::PrintJson(message);
}

StatusOr<ClusterRecord> ParseClusterRecord(ByteView bytes) {
  v1::ClusterRecord message;
  RETURN_IF_ERROR(wire::ParseJson(AsText(bytes), kLimits, &message));
  RETURN_IF_ERROR(CheckFormat(message.format(), kClusterFormat));
  if (message.salt().size() != kSeedSaltSize) return Malformed("cluster record: salt");
  ClusterRecord out{.salt = ToBytes(message.salt()),
                    .ca_certificate_pem = message.ca_certificate_pem(),
                    .receipt = {},
                    .provisional = message.provisional()};
  ASSIGN_OR_RETURN(out.receipt, wire::FromWire(message.receipt()));
  return out;
}

StatusOr<std::string> PrintTransition(const Transition& transition) {
  return wire::PrintJson(wire::ToWire(transition));
}

StatusOr<Transition> ParseTransition(ByteView bytes) {
  v1::Transition message;
  RETURN_IF_ERROR(wire::ParseJson(AsText(bytes), kLimits, &message));
  return wire::FromWire(message);
}

StatusOr<std::string> PrintNodeRecord(const NodeEntry& entry) {
  v1::NodeRecord message;
  message.set_format(kNodeFormat);
  message.set_name(entry.name);
  message.set_role(entry.role);
  message.set_state(std::string(ToString(entry.state)));
  message.set_identity_kind(std::string(ToString(entry.identity.kind)));
  message.set_identity(Text(entry.identity.value));
  message.set_ak_name(Text(entry.ak_name));
  if (entry.header_digest) message.set_header_digest(Text(*entry.header_digest));
  if (entry.last_seen) ToWire(*entry.last_seen, message.mutable_last_seen());
  message.set_disk_counter(entry.disk_counter);
  message.set_next_disk_counter(entry.next_disk_counter);
  if (entry.disk_counter_floor) message.set_disk_counter_floor(*entry.disk_counter_floor);
  message.set_disk_accepted(entry.disk_accepted);
  message.set_tpm_counter_behind(entry.tpm_counter_behind);
  ToWireHistory(entry, &message);
  return wire::PrintJson(message);
}

StatusOr<NodeEntry> ParseNodeRecord(ByteView bytes) {
  v1::NodeRecord message;
  RETURN_IF_ERROR(wire::ParseJson(AsText(bytes), kLimits, &message));
  if (message.format() != kNodeFormatV1) {
    RETURN_IF_ERROR(CheckFormat(message.format(), kNodeFormat));
  }
  NodeEntry out;
  out.name = message.name();
  out.role = message.role();
  if (!IsName(out.name) || !IsName(out.role)) return Malformed("node record: name or role");
  const auto state = ParseRegistryState(message.state());
  if (!state) return Malformed(absl::StrCat("node record: state '", message.state(), "'"));
  out.state = *state;
  ASSIGN_OR_RETURN(out.identity.kind, ParseIdentityKind(message.identity_kind()));
  if (message.identity().size() != 32) return Malformed("node record: identity");
  out.identity.value = ToBytes(message.identity());
  out.ak_name = ToBytes(message.ak_name());
  if (!message.header_digest().empty()) {
    out.header_digest = ToArray<32>(AsBytes(message.header_digest()));
    if (!out.header_digest) return Malformed("node record: header_digest");
  }
  if (message.has_last_seen()) {
    ASSIGN_OR_RETURN(out.last_seen, FromWire(message.last_seen()));
  }
  RETURN_IF_ERROR(TakeCounters(message, out));
  RETURN_IF_ERROR(HistoryFromWire(message, &out));
  return out;
}

StatusOr<std::string> PrintRefusals(const std::vector<RefusalEntry>& refusals) {
  v1::RefusalsRecord message;
  message.set_format(kRefusalsFormat);
  for (const RefusalEntry& refusal : refusals) {
    v1::RefusalRecord* record = message.add_refusals();
    record->set_correlation_id(refusal.correlation_id);
    record->set_time(PrintTime(refusal.time));
    record->set_node(refusal.node);
    record->set_code(refusal.code);
    record->set_reason(refusal.reason);
    record->set_count(refusal.count);
  }
  return wire::PrintJson(message);
}

StatusOr<std::vector<RefusalEntry>> ParseRefusals(ByteView bytes) {
  v1::RefusalsRecord message;
  RETURN_IF_ERROR(wire::ParseJson(AsText(bytes), kLimits, &message));
  RETURN_IF_ERROR(CheckFormat(message.format(), kRefusalsFormat));
  std::vector<RefusalEntry> out;
  for (const v1::RefusalRecord& record : message.refusals()) {
    ASSIGN_OR_RETURN(const absl::Time time, ParseTime(record.time()));
    out.push_back({.correlation_id = record.correlation_id(),
                   .time = time,
                   .node = record.node(),
                   .code = record.code(),
                   .reason = record.reason(),
                   .count = record.count()});
  }
  return out;
}

}  // namespace kedge::keyservice
