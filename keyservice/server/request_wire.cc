#include "keyservice/server/request_wire.h"

#include <absl/strings/str_cat.h>

#include "attestation/channel/exchange.h"
#include "base/names.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/core/manifest.h"
#include "proto/kedge.pb.h"
#include "proto/wire/binary.h"
#include "proto/wire/receipt.h"

namespace kedge::keyservice {
namespace {

constexpr size_t kMaxEkPublic = 2048;
constexpr size_t kMaxEkCertificate = 8 * 1024;
constexpr size_t kMaxCertificateRequest = 8 * 1024;
constexpr size_t kMaxInvitation = 64 * 1024;
constexpr size_t kMaxCredentialPart = 2048;
constexpr int kMaxAllowed = 16;
constexpr int kMaxTestedKeys = 256;

Status CheckSize(const std::string& field, size_t min, size_t max, std::string_view name) {
  if (field.size() >= min && field.size() <= max) return absl::OkStatus();
  return Malformed(absl::StrCat(std::string(name), " has ", field.size(), " bytes, expected ", min,
                                " to ", max));
}

StatusOr<Sha256Digest> Digest(const std::string& field, std::string_view name) {
  RETURN_IF_ERROR(CheckSize(field, 32, 32, name));
  return *ToArray<32>(AsBytes(field));
}

Status CheckNode(const std::string& node, const std::string& role) {
  if (!IsName(node)) return Malformed("a node's name is an RFC 1123 label");
  if (!IsName(role)) return Malformed("a role is a name");
  return absl::OkStatus();
}

StatusOr<Request> FromWire(const v1::ReleaseRequest& message) {
  RETURN_IF_ERROR(CheckNode(message.node(), message.role()));
  RETURN_IF_ERROR(CheckSize(message.volume(), 1, 63, "volume"));
  return ReleaseRequest{.node = message.node(), .role = message.role(), .volume = message.volume()};
}

StatusOr<Request> FromWire(const v1::ReportRequest& message) {
  RETURN_IF_ERROR(CheckNode(message.node(), message.role()));
  ReportRequest out{.node = message.node(),
                    .role = message.role(),
                    .trigger = NodeTrigger::kReportsJoined,
                    .header_digest = std::nullopt,
                    .disk_counter = message.disk_counter(),
                    .tpm_counter_behind = message.tpm_counter_behind()};
  if (message.state() == "FORMATTED") {
    out.trigger = NodeTrigger::kReportsFormatted;
  } else if (message.state() == "ADVANCED") {
    out.trigger = NodeTrigger::kReportsAdvanced;
  } else if (message.state() != "JOINED") {
    return Malformed("a node reports FORMATTED, ADVANCED or JOINED");
  }
  if (!message.header_digest().empty() || out.trigger != NodeTrigger::kReportsJoined) {
    ASSIGN_OR_RETURN(out.header_digest, Digest(message.header_digest(), "header_digest"));
  }
  return out;
}

// The last second that RFC 3339 can write.
constexpr int64_t kMaxUnixTime = 253402300799;

StatusOr<absl::Time> OwnerTime(int64_t seconds) {
  if (seconds <= 0 || seconds > kMaxUnixTime) {
    return Malformed("owner_time is a time after 1970, in seconds");
  }
  return absl::FromUnixSeconds(seconds);
}

StatusOr<Request> FromWire(const v1::InitRequest& message) {
  InitRequest out;
  ASSIGN_OR_RETURN(out.manifest_digest, Digest(message.manifest_digest(), "manifest_digest"));
  RETURN_IF_ERROR(Digest(message.coordinator_id(), "coordinator_id").status());
  out.coordinator_id = ToBytes(message.coordinator_id());
  ASSIGN_OR_RETURN(out.owner_time, OwnerTime(message.owner_time()));
  return out;
}

StatusOr<Request> FromWire(const v1::RecoverRequest& message) {
  RETURN_IF_ERROR(Digest(message.coordinator_id(), "coordinator_id").status());
  RecoverRequest out{.coordinator_id = ToBytes(message.coordinator_id()),
                     .accept_disk_counter = std::nullopt,
                     .owner_time = {}};
  ASSIGN_OR_RETURN(out.owner_time, OwnerTime(message.owner_time()));
  if (message.has_accept_disk_counter()) out.accept_disk_counter = message.accept_disk_counter();
  return out;
}

StatusOr<Request> FromWire(const v1::NodeCommandRequest& message) {
  if (!IsName(message.node())) return Malformed("a node's name is an RFC 1123 label");
  RETURN_IF_ERROR(CheckReason(message.reason()));
  NodeCommand out{.node = message.node(), .reason = message.reason(), .action = RevokeCommand{}};
  switch (message.command_case()) {
    case v1::NodeCommandRequest::kRebind: {
      RebindCommand rebind;
      ASSIGN_OR_RETURN(rebind.identity.kind, ParseIdentityKind(message.rebind().identity_kind()));
      RETURN_IF_ERROR(Digest(message.rebind().identity(), "identity").status());
      rebind.identity.value = ToBytes(message.rebind().identity());
      out.action = std::move(rebind);
      return out;
    }
    case v1::NodeCommandRequest::kRevoke:
      return out;
    case v1::NodeCommandRequest::kAcceptDisk:
      if (message.accept_disk().disk_counter() > kMaxDiskCounter) {
        return Malformed("accept_disk: no disk counter is as large");
      }
      out.action = AcceptDiskCommand{.disk_counter = message.accept_disk().disk_counter()};
      return out;
    case v1::NodeCommandRequest::COMMAND_NOT_SET:
      break;
  }
  return Malformed("a node command of no known kind");
}

StatusOr<Request> FromWire(const v1::SetManifestRequest& message) {
  SetManifestRequest out;
  out.step.generation = message.generation();
  ASSIGN_OR_RETURN(out.step.previous, Digest(message.previous(), "previous"));
  ASSIGN_OR_RETURN(out.step.manifest_digest, Digest(message.manifest_digest(), "manifest_digest"));
  return out;
}

StatusOr<Request> FromWire(const v1::CancelUpdateRequest& message) {
  CancelUpdateRequest out;
  ASSIGN_OR_RETURN(out.manifest_digest, Digest(message.manifest_digest(), "manifest_digest"));
  return out;
}

StatusOr<std::optional<CredentialBlob>> Credential(const std::string& id_object,
                                                   const std::string& encrypted_secret) {
  if (id_object.empty() && encrypted_secret.empty()) return std::optional<CredentialBlob>();
  RETURN_IF_ERROR(CheckSize(id_object, 1, kMaxCredentialPart, "credential: id_object"));
  RETURN_IF_ERROR(
      CheckSize(encrypted_secret, 1, kMaxCredentialPart, "credential: encrypted_secret"));
  return std::optional<CredentialBlob>(
      {.id_object = ToBytes(id_object), .encrypted_secret = ToBytes(encrypted_secret)});
}

StatusOr<NodePayload> FromWire(const v1::NodePayload& message) {
  RETURN_IF_ERROR(CheckSize(message.ek_public(), 0, kMaxEkPublic, "ek_public"));
  RETURN_IF_ERROR(CheckSize(message.ek_certificate(), 0, kMaxEkCertificate, "ek_certificate"));
  RETURN_IF_ERROR(
      CheckSize(message.certificate_request(), 0, kMaxCertificateRequest, "certificate_request"));
  RETURN_IF_ERROR(CheckSize(message.invitation(), 1, kMaxInvitation, "invitation"));
  return NodePayload{.endorsements = {.ek_public = ToBytes(message.ek_public()),
                                      .ek_certificate = ToBytes(message.ek_certificate())},
                     .certificate_request = ToBytes(message.certificate_request()),
                     .invitation = ToBytes(message.invitation()),
                     .disk = {}};
}

}  // namespace

RequestKind KindOf(const Request& request) {
  constexpr RequestKind kKinds[] = {
      RequestKind::kRelease,     RequestKind::kReport,      RequestKind::kInit,
      RequestKind::kRecover,     RequestKind::kStatus,      RequestKind::kVerify,
      RequestKind::kNodeCommand, RequestKind::kSetManifest, RequestKind::kCancelUpdate};
  static_assert(std::size(kKinds) == std::variant_size_v<Request>);
  return kKinds[request.index()];
}

StatusOr<Request> ParseRequest(ByteView bytes) {
  v1::Request message;
  RETURN_IF_ERROR(wire::ParseBinary(bytes, kMaxRequest, "request", &message));
  switch (message.kind_case()) {
    case v1::Request::kRelease:
      return FromWire(message.release());
    case v1::Request::kReport:
      return FromWire(message.report());
    case v1::Request::kInit:
      return FromWire(message.init());
    case v1::Request::kRecover:
      return FromWire(message.recover());
    case v1::Request::kStatus:
      return StatusRequest{};
    case v1::Request::kVerify:
      return VerifyRequest{};
    case v1::Request::kNodeCommand:
      return FromWire(message.node_command());
    case v1::Request::kSetManifest:
      return FromWire(message.set_manifest());
    case v1::Request::kCancelUpdate:
      return FromWire(message.cancel_update());
    case v1::Request::KIND_NOT_SET:
      break;
  }
  return Malformed("a request of no known kind");
}

StatusOr<NodePayload> ParseReleasePayload(ByteView bytes) {
  v1::NodePayload message;
  RETURN_IF_ERROR(wire::ParseBinary(bytes, kMaxPayload, "payload", &message));
  ASSIGN_OR_RETURN(NodePayload out, FromWire(message));
  RETURN_IF_ERROR(
      CheckSize(message.certificate_request(), 1, kMaxCertificateRequest, "certificate_request"));
  const auto content = ParseStateDiskContent(message.disk().content());
  if (!content) return Malformed("disk: content is blank, luks2 or foreign");
  out.disk.content = *content;
  if (*content == StateDiskContent::kLuks2) {
    ASSIGN_OR_RETURN(out.disk.header_digest,
                     Digest(message.disk().header_digest(), "disk: header_digest"));
    out.disk.disk_counter = message.disk().disk_counter();
  }
  return out;
}

StatusOr<NodePayload> ParseReportPayload(ByteView bytes) {
  v1::NodePayload message;
  RETURN_IF_ERROR(wire::ParseBinary(bytes, kMaxPayload, "payload", &message));
  return FromWire(message);
}

StatusOr<InitPayload> ParseInitPayload(ByteView bytes) {
  v1::InitPayload message;
  RETURN_IF_ERROR(wire::ParseBinary(bytes, kMaxPayload, "payload", &message));
  RETURN_IF_ERROR(CheckSize(message.manifest(), 1, kMaxManifestSize, "manifest"));
  InitPayload out{.manifest = ToBytes(message.manifest()), .credential = std::nullopt};
  ASSIGN_OR_RETURN(out.credential, Credential(message.coordinator_credential_id_object(),
                                              message.coordinator_credential_encrypted_secret()));
  return out;
}

StatusOr<RecoverPayload> ParseRecoverPayload(ByteView bytes) {
  v1::RecoverPayload message;
  RETURN_IF_ERROR(wire::ParseBinary(bytes, kMaxPayload, "payload", &message));
  RETURN_IF_ERROR(CheckSize(message.manifest(), 1, kMaxManifestSize, "manifest"));
  RETURN_IF_ERROR(CheckSize(message.salt(), kSeedSaltSize, kSeedSaltSize, "salt"));
  RecoverPayload out;
  ASSIGN_OR_RETURN(out.receipt, wire::FromWire(message.receipt()));
  if (!out.receipt.coordinator_node.empty() && !IsName(out.receipt.coordinator_node)) {
    return Malformed("receipt: coordinator_node is no name");
  }
  out.manifest = ToBytes(message.manifest());
  out.salt = ToBytes(message.salt());
  ASSIGN_OR_RETURN(out.credential, Credential(message.coordinator_credential_id_object(),
                                              message.coordinator_credential_encrypted_secret()));
  return out;
}

StatusOr<SetManifestPayload> ParseSetManifestPayload(ByteView bytes) {
  v1::SetManifestPayload message;
  RETURN_IF_ERROR(wire::ParseBinary(bytes, kMaxPayload, "payload", &message));
  RETURN_IF_ERROR(CheckSize(message.manifest(), 1, kMaxManifestSize, "manifest"));
  if (message.allow_size() > kMaxAllowed || message.tested_share_keys_size() > kMaxTestedKeys) {
    return Malformed("too many overrides or tested share keys");
  }
  SetManifestPayload out;
  out.manifest = ToBytes(message.manifest());
  out.dry_run = message.dry_run();
  ASSIGN_OR_RETURN(out.approvals, ParseApprovals(AsBytes(message.approvals())));
  for (const std::string& code : message.allow()) {
    RETURN_IF_ERROR(CheckReason(code));
    out.allow.push_back(code);
  }
  for (const std::string& digest : message.tested_share_keys()) {
    ASSIGN_OR_RETURN(out.tested_share_keys.emplace_back(), Digest(digest, "tested_share_keys"));
  }
  return out;
}

StatusOr<std::optional<CredentialBlob>> ParseVerifyPayload(ByteView bytes) {
  v1::VerifyPayload message;
  RETURN_IF_ERROR(wire::ParseBinary(bytes, kMaxPayload, "payload", &message));
  return Credential(message.coordinator_credential_id_object(),
                    message.coordinator_credential_encrypted_secret());
}

}  // namespace kedge::keyservice
