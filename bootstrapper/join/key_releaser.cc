#include "bootstrapper/join/key_releaser.h"

#include "attestation/channel_grpc/client.h"
#include "bootstrapper/core/life.h"
#include "bootstrapper/join/server_check.h"
#include "crypto/x509.h"
#include "proto/kedge.pb.h"
#include "proto/wire/invitation.h"

namespace kedge {
namespace {

std::string ToField(ByteView bytes) { return std::string(AsText(bytes)); }

Bytes Serialise(const google::protobuf::MessageLite& message) {
  return ToBytes(message.SerializeAsString());
}

// What every exchange of a node has in common: its proof, its answer to an enrolment round, and its
// check of the server.
StatusOr<ClientExchange> NodeExchange(const KeyServiceAddress& service, ByteView invitation,
                                      Issuer& issuer) {
  ServerExpectation expected{.cluster_id = service.cluster_id};
  if (!service.same_machine) {
    ASSIGN_OR_RETURN(wire::OpenedInvitation opened, wire::OpenInvitation(invitation));
    expected.images = std::move(opened.invitation.control_plane_images);
  }
  ClientExchange exchange;
  exchange.pins = {.cluster_id = service.cluster_id,
                   .service_key_spki = service.service_key_spki,
                   .minimum_generation = service.minimum_generation};
  exchange.proof_type = ProofType::kVtpm;
  // Filled when the node proves itself, which is before the server does.
  const auto own_ak = std::make_shared<Bytes>();
  exchange.prove = [&issuer, own_ak](const ReportData& report_data) -> StatusOr<Bytes> {
    ASSIGN_OR_RETURN(const Evidence evidence, issuer.Issue(report_data));
    *own_ak = std::get<VtpmEvidence>(evidence).ak_public;
    return EncodeEvidence(evidence);
  };
  exchange.activate = [&issuer](const CredentialBlob& blob) {
    return issuer.ActivateCredential(blob);
  };
  exchange.verify_server = [expected, own_ak,
                            same_machine = service.same_machine](const ServerProof& proof) {
    ServerExpectation now = expected;
    if (same_machine) now.own_ak_public = *own_ak;
    if (same_machine && own_ak->empty())
      return Internal("the server proved itself before the node");
    return CheckServer(proof, now);
  };
  return exchange;
}

StatusOr<v1::NodePayload> Payload(Issuer& issuer, ByteView invitation) {
  ASSIGN_OR_RETURN(const Endorsements endorsements, issuer.GetEndorsements());
  v1::NodePayload payload;
  payload.set_ek_public(ToField(endorsements.ek_public));
  payload.set_ek_certificate(ToField(endorsements.ek_certificate));
  payload.set_invitation(ToField(invitation));
  return payload;
}

Status BadAnswer(std::string_view what) {
  return Malformed("the key service's answer " + std::string(what) +
                   ": node and service are of versions that do not fit together");
}

StatusOr<Release> FromAnswer(ExchangeResult result, const ReleaseAsk& ask) {
  v1::ReleaseAnswer answer;
  if (!answer.ParseFromArray(result.payload.data(), static_cast<int>(result.payload.size()))) {
    return BadAnswer("does not parse");
  }
  Release release;
  if (answer.disk_order() == "format") {
    release.order = DiskOrder::kFormat;
  } else if (answer.disk_order() == "open") {
    release.order = DiskOrder::kOpen;
  } else {
    return BadAnswer("gives neither the order to format nor to open");
  }
  release.counters = {.acknowledged = answer.disk_counter(), .next = answer.next_disk_counter()};
  release.disk_accepted = answer.disk_accepted();
  if (release.counters.next <= release.counters.acknowledged) {
    return BadAnswer("has no next counter for the disk");
  }
  const auto digest = ToArray<std::tuple_size_v<Sha256Digest>>(AsBytes(answer.manifest_digest()));
  if (!digest) return BadAnswer("has no manifest digest");
  release.manifest_digest = *digest;
  release.manifest_generation = answer.manifest_generation();
  release.node_certificate_pem = answer.node_certificate_pem();
  release.ca_certificate_pem = answer.ca_certificate_pem();
  if (!result.box) return BadAnswer("has no box");
  BoxContent& box = *result.box;
  if (box.kind != "dek" || box.id != ask.node + "/" + kStateVolume || box.secret.empty()) {
    return BadAnswer("boxed something else than this node's key");
  }
  release.dek = std::move(box.secret);
  release.dek_generation = box.generation;
  return release;
}

}  // namespace

StatusOr<ServiceIdentity> ExchangeKeyReleaser::Discover(const std::string& endpoint) {
  ASSIGN_OR_RETURN(ServiceHello hello, kedge::Discover(endpoint, random_, timeout_));
  return ServiceIdentity{.cluster_id = std::move(hello.cluster_id),
                         .service_key_spki = std::move(hello.service_key_spki)};
}

StatusOr<Release> ExchangeKeyReleaser::GetRelease(const KeyServiceAddress& service,
                                                  const ReleaseAsk& ask) {
  ASSIGN_OR_RETURN(ClientExchange exchange, NodeExchange(service, ask.invitation, issuer_));
  // A key of its own for every release: the certificate for it comes back with the disk's key, and
  // both go onto the disk together.
  ASSIGN_OR_RETURN(const SigningKey node_key, SigningKey::Generate(Curve::kP256));
  ASSIGN_OR_RETURN(const Bytes certificate_request,
                   CertificateRequest(node_key, "system:nodes", "system:node:" + ask.node));
  v1::Request request;
  request.mutable_release()->set_node(ask.node);
  request.mutable_release()->set_role(ask.role);
  request.mutable_release()->set_volume(kStateVolume);
  exchange.request = Serialise(request);
  ASSIGN_OR_RETURN(v1::NodePayload payload, Payload(issuer_, ask.invitation));
  payload.set_certificate_request(ToField(certificate_request));
  payload.mutable_disk()->set_content(std::string(NameOf(ask.disk_content)));
  if (ask.disk_content == DiskContent::kLuks2) {
    payload.mutable_disk()->set_header_digest(ToField(ask.header_digest));
    payload.mutable_disk()->set_disk_counter(ask.disk_counter);
  }
  exchange.payload = Serialise(payload);

  ASSIGN_OR_RETURN(ExchangeResult result,
                   RunExchange(service.endpoint, exchange, random_, timeout_));
  ASSIGN_OR_RETURN(Release release, FromAnswer(std::move(result), ask));
  ASSIGN_OR_RETURN(release.node_key_pem, node_key.PrivatePem());
  return release;
}

Status ExchangeKeyReleaser::Report(const KeyServiceAddress& service, const ReportAsk& ask) {
  ASSIGN_OR_RETURN(ClientExchange exchange, NodeExchange(service, ask.invitation, issuer_));
  v1::Request request;
  request.mutable_report()->set_node(ask.node);
  request.mutable_report()->set_role(ask.role);
  request.mutable_report()->set_state(ask.state);
  request.mutable_report()->set_header_digest(ToField(ask.header_digest));
  request.mutable_report()->set_disk_counter(ask.disk_counter);
  request.mutable_report()->set_tpm_counter_behind(ask.tpm_counter_behind);
  exchange.request = Serialise(request);
  ASSIGN_OR_RETURN(const v1::NodePayload payload, Payload(issuer_, ask.invitation));
  exchange.payload = Serialise(payload);
  return RunExchange(service.endpoint, exchange, random_, timeout_).status();
}

}  // namespace kedge
