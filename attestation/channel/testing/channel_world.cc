#include "attestation/channel/testing/channel_world.h"

#include <thread>
#include <utility>

#include "base/lp.h"
#include "base/reader.h"

namespace kedge::testing {

SecretBytes Secret(std::string_view text) { return Must(SecretBytes::CopyOf(AsBytes(text))); }

std::string Plain(const SecretBytes& secret) {
  return secret.Reveal([](ByteView bytes) { return std::string(AsText(bytes)); });
}

ServerIdentity ChannelWorld::Serving() const {
  return {.cluster_id = cluster_id,
          .key = identity,
          .manifest_generation = 3,
          .manifest_digest = Sha256(AsBytes("manifest 3"))};
}

ServerIdentity ChannelWorld::Awaiting() const { return {}; }

ClientPins ChannelWorld::Pins() const {
  return {.cluster_id = cluster_id,
          .service_key_spki = identity->public_key().spki(),
          .minimum_generation = 3,
          .upload_signer_spki = {}};
}

Status ChannelWorld::CheckService(const ServerProof& proof) const {
  ASSIGN_OR_RETURN(const TestClaims claims,
                   maker.Verify(proof.evidence, proof.expected_report_data));
  if (claims.measurement != "control plane image") {
    return Refused("IMAGE_NOT_ACCEPTED", "the service runs another image");
  }
  return absl::OkStatus();
}

ClientExchange ChannelWorld::Release() {
  ClientExchange exchange;
  exchange.pins = Pins();
  exchange.request = ToBytes("release node-2/state");
  exchange.payload = ToBytes("endorsements and certificate request");
  exchange.proof_type = ProofType::kVtpm;
  exchange.prove = [this](const ReportData& rd) { return node_chip.Attest(rd); };
  exchange.activate = [this](const CredentialBlob&) -> StatusOr<SecretBytes> {
    return Secret(enrolment_secret);
  };
  exchange.verify_server = [this](const ServerProof& proof) { return CheckService(proof); };
  return exchange;
}

ClientExchange ChannelWorld::Verify() {
  ClientExchange exchange;
  exchange.request = ToBytes("verify");
  exchange.verify_server = [this](const ServerProof& proof) { return CheckService(proof); };
  return exchange;
}

ClientExchange ChannelWorld::Init() {
  ClientExchange exchange;
  exchange.request = ToBytes("init");
  exchange.payload = ToBytes("manifest");
  exchange.proof_type = ProofType::kOwner;
  exchange.sign = [this](ByteView message) -> StatusOr<Bytes> {
    ASSIGN_OR_RETURN(const Bytes signature, owner.Sign(message));
    return Lp({Sha256(owner.public_key().spki()), signature});
  };
  exchange.verify_server = [this](const ServerProof& proof) { return CheckService(proof); };
  exchange.upload = []() -> StatusOr<SecretBytes> { return Secret("the seed"); };
  return exchange;
}

std::unique_ptr<WorldServer> WorldServer::ForInit(const ChannelWorld& world) {
  auto server = std::make_unique<WorldServer>(world);
  server->identity_ = world.Awaiting();
  server->expects_upload = true;
  return server;
}

StatusOr<std::optional<Challenge>> WorldServer::Admit(const ClientRequest& request) {
  RETURN_IF_ERROR(admit_error);
  if (request.proof_type == ProofType::kVtpm) {
    ASSIGN_OR_RETURN(const TestClaims claims,
                     world_.maker.Verify(request.proof, request.expected_report_data));
    if (claims.chip_id != world_.node_chip.id()) {
      return Refused("IDENTITY_MISMATCH", "this node is bound to another machine");
    }
  } else if (request.proof_type == ProofType::kOwner) {
    Reader reader(request.proof);
    RETURN_IF_ERROR(reader.Lp(32).status());
    ASSIGN_OR_RETURN(const ByteView signature, reader.Lp(256));
    RETURN_IF_ERROR(reader.ExpectEnd());
    RETURN_IF_ERROR(world_.owner.public_key().Verify(request.owner_proof_message, signature));
  }
  admitted = request;
  if (!enrol) return std::nullopt;
  return Challenge{.credential = {.id_object = ToBytes("id object"),
                                  .encrypted_secret = ToBytes("encrypted secret")},
                   .secret = Secret("credential secret")};
}

Status WorldServer::Activated() {
  activated = true;
  return absl::OkStatus();
}

StatusOr<ServerAnswer> WorldServer::Answer() {
  before_answer();
  answered = true;
  ServerAnswer answer;
  answer.payload = ToBytes(payload);
  answer.expects_upload = expects_upload;
  if (admitted->proof_type == ProofType::kVtpm && !expects_upload) {
    answer.box =
        BoxContent{.kind = "dek", .id = "node-2/state", .generation = 1, .secret = Secret(dek)};
  }
  return answer;
}

StatusOr<Bytes> WorldServer::IssueEvidence(const ReportData& report_data) {
  return world_.service_chip.Attest(report_data);
}

StatusOr<UploadResult> WorldServer::Upload(SecretBytes secret) {
  uploaded = Plain(secret);
  return UploadResult{.result = ToBytes("receipt"), .key = world_.identity};
}

Outcome RunBoth(ChannelWorld& world, const ClientExchange& client, ServerExchange& server,
                MemoryLink& link) {
  Status server_status;
  std::thread thread([&] {
    server_status = DriveServer(server, link.server(),
                                {.own_spki = world.service_tls, .peer_spki = world.node_tls},
                                world.random, kTestCorrelationId);
    link.CloseDown();
  });
  StatusOr<ExchangeResult> result =
      DriveClient(client, link.client(), world.node_tls, world.random);
  link.CloseUp();
  thread.join();
  return {.client = std::move(result), .server = std::move(server_status)};
}

Outcome RunBoth(ChannelWorld& world, const ClientExchange& client, ServerExchange& server) {
  MemoryLink link({.own_spki = world.node_tls, .peer_spki = world.service_tls});
  return RunBoth(world, client, server, link);
}

}  // namespace kedge::testing
