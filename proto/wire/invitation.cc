#include "proto/wire/invitation.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <arpa/inet.h>

#include <algorithm>

#include "base/lp.h"
#include "base/names.h"
#include "crypto/x509.h"
#include "keyservice/core/manifest.h"
#include "proto/kedge.pb.h"
#include "proto/wire/images.h"
#include "proto/wire/json.h"

namespace kedge::wire {
namespace {

constexpr char kFormat[] = "kedge.invitation.v1";
constexpr char kSignatureLabel[] = "kedge/1 invitation";
constexpr JsonLimits kFileLimits{.max_bytes = kMaxInvitationFile, .max_depth = 1, .max_values = 16};
constexpr JsonLimits kInnerLimits{
    .max_bytes = kMaxInvitationFile, .max_depth = 6, .max_values = 2048};
constexpr size_t kMaxEndpoints = 16;
constexpr size_t kClusterIdSize = std::tuple_size_v<ClusterId>;

Status NotAccepted(const std::string& why) {
  return Refused(
      "INVITATION_NOT_ACCEPTED",
      absl::StrCat("invitation: ", why, ". Make a new one with `kedge prepare` or `kedge invite`"));
}

bool IsIpv4(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool IsIpv4WithPrefix(const std::string& text) {
  const size_t slash = text.find('/');
  int prefix = 0;
  return slash != std::string::npos && IsIpv4(text.substr(0, slash)) &&
         absl::SimpleAtoi(text.substr(slash + 1), &prefix) && prefix >= 1 && prefix <= 32 &&
         absl::StrCat(prefix) == text.substr(slash + 1);
}

bool IsEndpoint(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || text.size() > 270) return false;
  int port = 0;
  const bool port_ok = absl::SimpleAtoi(text.substr(colon + 1), &port) && port > 0 &&
                       port < 65536 && absl::StrCat(port) == text.substr(colon + 1);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
  };
  return port_ok && std::all_of(text.begin(), text.end(), allowed);
}

// What a node with a pinned cluster needs; the first node has none of it.
Status CheckPins(const Invitation& invitation) {
  if (invitation.cluster_id.empty() != invitation.service_key_spki.empty()) {
    return NotAccepted("cluster_id and service_key_spki must be set together");
  }
  if (invitation.cluster_id.empty()) {
    if (invitation.role != kRoleControlPlane) {
      return NotAccepted("a node without a pinned cluster can only be the first control plane");
    }
    return absl::OkStatus();
  }
  if (invitation.cluster_id.size() != kClusterIdSize) {
    return NotAccepted("cluster_id must be 32 bytes");
  }
  const auto key = VerifyKey::FromSpki(invitation.service_key_spki);
  if (!key.ok() || key->curve() != Curve::kP256) {
    return NotAccepted("service_key_spki must be a P-256 key");
  }
  if (invitation.endpoints.empty()) return NotAccepted("endpoints is unset");
  if (invitation.minimum_generation == 0) return NotAccepted("minimum_generation is unset");
  if (invitation.control_plane_images.empty()) {
    return NotAccepted("control_plane_images is unset");
  }
  if (invitation.tpm_roots.empty()) return NotAccepted("tpm_roots is unset");
  return absl::OkStatus();
}

Status CheckContent(const Invitation& invitation) {
  if (!IsName(invitation.node)) {
    return NotAccepted("node must be 1 to 63 of a-z, 0-9 and '-'");
  }
  if (invitation.role != kRoleControlPlane && invitation.role != kRoleWorker) {
    return NotAccepted("role must be control-plane or worker");
  }
  RETURN_IF_ERROR(CheckPins(invitation));
  if (invitation.endpoints.size() > kMaxEndpoints) return NotAccepted("more than 16 endpoints");
  for (const std::string& endpoint : invitation.endpoints) {
    if (!IsEndpoint(endpoint)) return NotAccepted("endpoint is not HOST:PORT");
  }
  if (!invitation.address.empty() && !IsIpv4WithPrefix(invitation.address)) {
    return NotAccepted("address is not IPv4/PREFIX");
  }
  if (!invitation.gateway.empty() && (!IsIpv4(invitation.gateway) || invitation.address.empty())) {
    return NotAccepted("gateway must be IPv4, and needs a static address");
  }
  for (const ReferenceValues& image : invitation.control_plane_images) {
    const Status valid = ValidateReferenceValues(image, "control_plane_images");
    if (!valid.ok()) return NotAccepted(MessageOf(valid));
  }
  for (const TpmRoot& root : invitation.tpm_roots) {
    const Status usable = CheckCertificateBundle(root.certificate_pem);
    if (root.name.empty() || !usable.ok()) return NotAccepted("tpm_roots: no name or certificate");
  }
  return absl::OkStatus();
}

StatusOr<std::string> InnerJson(const Invitation& invitation) {
  v1::Invitation message;
  message.set_format(kFormat);
  message.set_cluster_id(std::string(AsText(invitation.cluster_id)));
  message.set_service_key_spki(std::string(AsText(invitation.service_key_spki)));
  message.set_owner_key_digest(std::string(AsText(invitation.owner_key_digest)));
  for (const std::string& endpoint : invitation.endpoints) message.add_endpoints(endpoint);
  message.set_node(invitation.node);
  message.set_role(invitation.role);
  message.set_address(invitation.address);
  message.set_gateway(invitation.gateway);
  message.set_issue_time(
      absl::FormatTime(absl::RFC3339_sec, invitation.issue_time, absl::UTCTimeZone()));
  for (const ReferenceValues& image : invitation.control_plane_images) {
    ToWire(image, message.add_control_plane_images());
  }
  for (const TpmRoot& root : invitation.tpm_roots) ToWire(root, message.add_tpm_roots());
  message.set_minimum_generation(invitation.minimum_generation);
  return PrintJson(message);
}

StatusOr<Invitation> FromInnerJson(std::string_view json) {
  v1::Invitation message;
  RETURN_IF_ERROR(Annotate(ParseJson(json, kInnerLimits, &message), "invitation"));
  if (message.format() != kFormat) {
    return Malformed(absl::StrCat("invitation: format is not '", kFormat, "'"));
  }
  Invitation out;
  out.cluster_id = ToBytes(message.cluster_id());
  out.service_key_spki = ToBytes(message.service_key_spki());
  const auto digest = ToArray<32>(AsBytes(message.owner_key_digest()));
  if (!digest) return Malformed("invitation: owner_key_digest must be 32 bytes");
  out.owner_key_digest = *digest;
  out.endpoints.assign(message.endpoints().begin(), message.endpoints().end());
  out.node = message.node();
  out.role = message.role();
  out.address = message.address();
  out.gateway = message.gateway();
  std::string error;
  // Digits first: absl also reads "infinite-past".
  if (message.issue_time().empty() || message.issue_time()[0] < '0' ||
      message.issue_time()[0] > '9' ||
      !absl::ParseTime(absl::RFC3339_full, message.issue_time(), &out.issue_time, &error)) {
    return Malformed("invitation: issue_time is not RFC 3339");
  }
  for (const v1::Image& image : message.control_plane_images()) {
    ASSIGN_OR_RETURN(out.control_plane_images.emplace_back(), FromWire(image));
  }
  for (const v1::TpmRootCertificate& root : message.tpm_roots()) {
    out.tpm_roots.push_back(FromWire(root));
  }
  out.minimum_generation = message.minimum_generation();
  return out;
}

Bytes SignedMessage(std::string_view inner) {
  return Lp({AsBytes(kSignatureLabel), AsBytes(inner)});
}

}  // namespace

StatusOr<std::string> MakeInvitation(Invitation invitation, const SigningKey& owner) {
  const VerifyKey& owner_key = owner.public_key();
  if (owner_key.curve() != Curve::kP384) {
    return MakeError(StatusCode::kInvalidArgument, "the owner key must be on P-384");
  }
  invitation.owner_key_digest = Sha256(owner_key.spki());
  const Status valid = CheckContent(invitation);
  if (!valid.ok()) return MakeError(StatusCode::kInvalidArgument, MessageOf(valid));
  ASSIGN_OR_RETURN(const std::string inner, InnerJson(invitation));
  ASSIGN_OR_RETURN(const Bytes signature, owner.Sign(SignedMessage(inner)));
  v1::SignedInvitation file;
  file.set_invitation(inner);
  file.set_owner_key_spki(std::string(AsText(owner_key.spki())));
  file.set_signature(std::string(AsText(signature)));
  ASSIGN_OR_RETURN(std::string text, PrintJson(file));
  if (text.size() > kMaxInvitationFile) {
    return MakeError(StatusCode::kInvalidArgument, "the invitation would exceed 64 KiB");
  }
  return text;
}

StatusOr<OpenedInvitation> OpenInvitation(ByteView file) {
  v1::SignedInvitation message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(file), kFileLimits, &message), "invitation"));
  StatusOr<VerifyKey> owner = VerifyKey::FromSpki(AsBytes(message.owner_key_spki()));
  if (!owner.ok() || owner->curve() != Curve::kP384) {
    return Malformed("invitation: owner_key_spki is not a P-384 key");
  }
  // Nothing of the content is looked at before the signature.
  const Status signed_by_owner =
      owner->Verify(SignedMessage(message.invitation()), AsBytes(message.signature()));
  if (!signed_by_owner.ok()) {
    return NotAccepted("the signature does not fit the enclosed owner key and the content");
  }
  ASSIGN_OR_RETURN(Invitation invitation, FromInnerJson(message.invitation()));
  if (invitation.owner_key_digest != Sha256(owner->spki())) {
    return NotAccepted("owner_key_digest is not the digest of the enclosed owner key");
  }
  RETURN_IF_ERROR(CheckContent(invitation));
  return OpenedInvitation{std::move(invitation), *std::move(owner)};
}

}  // namespace kedge::wire
