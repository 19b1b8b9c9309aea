#include "keyservice/server/testing/test_client.h"

#include "attestation/channel/transcript.h"
#include "attestation/parse/evidence.h"
#include "attestation/verify/verify.h"
#include "base/lp.h"
#include "crypto/x509.h"
#include "proto/wire/binary.h"
#include "proto/wire/json.h"
#include "proto/wire/receipt.h"

namespace kedge::testing {
namespace {

std::string Text(ByteView bytes) { return std::string(AsText(bytes)); }

// Genuine evidence over this very exchange; whose it is, is not a test client's concern.
Status CheckEvidence(const ServerProof& proof) {
  ASSIGN_OR_RETURN(const Evidence evidence, ParseEvidence(proof.evidence));
  return VerifyEvidence(evidence, proof.expected_report_data).status();
}

template <typename T>
StatusOr<T> Parse(const Bytes& bytes) {
  T message;
  RETURN_IF_ERROR(wire::ParseBinary(bytes, 1 << 20, "answer", &message));
  return message;
}

StatusOr<v1::NodePayload> PayloadOf(const NodeAsk& ask) {
  v1::NodePayload payload;
  Endorsements endorsements;
  if (ask.endorsements) {
    endorsements = *ask.endorsements;
  } else {
    ASSIGN_OR_RETURN(endorsements, ask.issuer->GetEndorsements());
  }
  payload.set_ek_public(Text(endorsements.ek_public));
  payload.set_ek_certificate(Text(endorsements.ek_certificate));
  payload.set_invitation(Text(ask.invitation));
  payload.mutable_disk()->set_content(ask.disk);
  payload.mutable_disk()->set_header_digest(Text(ask.header_digest));
  payload.mutable_disk()->set_disk_counter(ask.disk_counter);
  return payload;
}

}  // namespace

ClientExchange TestClient::Base(const v1::Request& request) const {
  ClientExchange exchange;
  exchange.pins = pins;
  exchange.request = wire::PrintBinary(request);
  exchange.verify_server = CheckEvidence;
  return exchange;
}

ClientExchange TestClient::AsOwner(const v1::Request& request, const SigningKey& owner) const {
  ClientExchange exchange = Base(request);
  exchange.proof_type = ProofType::kOwner;
  exchange.sign = [&owner](ByteView message) -> StatusOr<Bytes> {
    ASSIGN_OR_RETURN(const Bytes signature, owner.Sign(message));
    return Lp({Sha256(owner.public_key().spki()), signature});
  };
  return exchange;
}

ClientExchange TestClient::AsNode(const v1::Request& request, const NodeAsk& ask) const {
  ClientExchange exchange = Base(request);
  exchange.proof_type = ProofType::kVtpm;
  exchange.prove = [issuer = ask.issuer](const ReportData& report) -> StatusOr<Bytes> {
    ASSIGN_OR_RETURN(const Evidence evidence, issuer->Issue(report));
    return EncodeEvidence(evidence);
  };
  exchange.activate = [issuer = ask.issuer](const CredentialBlob& blob) {
    return issuer->ActivateCredential(blob);
  };
  return exchange;
}

StatusOr<TestRelease> TestClient::Release(const NodeAsk& ask) {
  v1::Request request;
  request.mutable_release()->set_node(ask.node);
  request.mutable_release()->set_role(ask.role);
  request.mutable_release()->set_volume("state");
  ClientExchange exchange = AsNode(request, ask);
  ASSIGN_OR_RETURN(v1::NodePayload payload, PayloadOf(ask));
  ASSIGN_OR_RETURN(const SigningKey key, SigningKey::Generate(Curve::kP256));
  // What a request asks for besides its key must not matter.
  ASSIGN_OR_RETURN(const Bytes csr, CertificateRequest(key, "system:masters", "admin"));
  payload.set_certificate_request(Text(csr));
  exchange.payload = wire::PrintBinary(payload);
  ASSIGN_OR_RETURN(const ExchangeResult result, run_(exchange));
  ASSIGN_OR_RETURN(const auto answer, Parse<v1::ReleaseAnswer>(result.payload));
  if (!result.box || result.box->kind != "dek" || result.box->generation != 1) {
    return Internal("a release without a key");
  }
  return TestRelease{.order = answer.disk_order(),
                     .key = result.box->secret.Reveal([](ByteView b) { return ToBytes(b); }),
                     .box_id = result.box->id,
                     .certificate_pem = answer.node_certificate_pem(),
                     .ca_pem = answer.ca_certificate_pem(),
                     .disk_counter = answer.disk_counter(),
                     .next_disk_counter = answer.next_disk_counter(),
                     .disk_accepted = answer.disk_accepted()};
}

Status TestClient::Report(const NodeAsk& ask, const std::string& state, ByteView header_digest) {
  v1::Request request;
  request.mutable_report()->set_node(ask.node);
  request.mutable_report()->set_role(ask.role);
  request.mutable_report()->set_state(state);
  request.mutable_report()->set_header_digest(Text(header_digest));
  request.mutable_report()->set_disk_counter(ask.disk_counter);
  request.mutable_report()->set_tpm_counter_behind(ask.tpm_counter_behind);
  ClientExchange exchange = AsNode(request, ask);
  ASSIGN_OR_RETURN(const v1::NodePayload payload, PayloadOf(ask));
  exchange.payload = wire::PrintBinary(payload);
  return run_(exchange).status();
}

StatusOr<TestInit> TestClient::Init(const SigningKey& owner, ByteView manifest,
                                    ByteView coordinator_id, ByteView confirm) {
  const Sha256Digest digest = Sha256(manifest);
  v1::Request request;
  request.mutable_init()->set_manifest_digest(Text(digest));
  request.mutable_init()->set_coordinator_id(Text(coordinator_id));
  request.mutable_init()->set_owner_time(absl::ToUnixSeconds(owner_time));
  ClientExchange exchange = AsOwner(request, owner);
  v1::InitPayload payload;
  payload.set_manifest(Text(manifest));
  exchange.payload = wire::PrintBinary(payload);
  exchange.upload = [&] {
    before_upload();
    return SecretBytes::CopyOf(confirm.empty() ? ByteView(digest) : confirm);
  };
  ASSIGN_OR_RETURN(const ExchangeResult result, run_(exchange));
  ASSIGN_OR_RETURN(const auto answer, Parse<v1::InitResult>(result.upload_result));
  TestInit out{.receipt = {},
               .shares = {},
               .ca_pem = answer.ca_certificate_pem(),
               .trust_on_first_use = answer.trust_on_first_use(),
               .service_key_spki = result.service_key_spki};
  ASSIGN_OR_RETURN(out.receipt, wire::FromWire(answer.receipt()));
  for (const v1::SeedShare& share : answer.seed_shares()) {
    ASSIGN_OR_RETURN(out.shares.emplace_back(), wire::FromWire(share));
  }
  return out;
}

StatusOr<Bytes> TestClient::Recover(const SigningKey& owner, const Receipt& receipt,
                                    ByteView manifest, ByteView salt, const SecretBytes& seed,
                                    ByteView coordinator_id,
                                    std::optional<uint64_t> accept_disk_counter) {
  v1::Request request;
  request.mutable_recover()->set_coordinator_id(Text(coordinator_id));
  request.mutable_recover()->set_owner_time(absl::ToUnixSeconds(owner_time));
  if (accept_disk_counter) request.mutable_recover()->set_accept_disk_counter(*accept_disk_counter);
  ClientExchange exchange = AsOwner(request, owner);
  v1::RecoverPayload payload;
  *payload.mutable_receipt() = wire::ToWire(receipt);
  payload.set_manifest(Text(manifest));
  payload.set_salt(Text(salt));
  exchange.payload = wire::PrintBinary(payload);
  exchange.upload = [&seed] { return seed.Clone(); };
  ASSIGN_OR_RETURN(const ExchangeResult result, run_(exchange));
  ASSIGN_OR_RETURN(const auto answer, Parse<v1::RecoverResult>(result.upload_result));
  return ToBytes(answer.cluster_id());
}

StatusOr<v1::StatusAnswer> TestClient::GetStatus(const SigningKey& owner) {
  v1::Request request;
  request.mutable_status();
  ASSIGN_OR_RETURN(const ExchangeResult result, run_(AsOwner(request, owner)));
  if (!result.box || result.box->kind != "status") return Internal("no status in the box");
  v1::StatusAnswer answer;
  const std::string json = result.box->secret.Reveal([](ByteView b) { return Text(b); });
  RETURN_IF_ERROR(
      wire::ParseJson(json, {.max_bytes = 1 << 20, .max_depth = 8, .max_values = 65536}, &answer));
  return answer;
}

StatusOr<v1::NodeCommandAnswer> TestClient::Command(const SigningKey& owner,
                                                    const v1::NodeCommandRequest& command) {
  v1::Request request;
  *request.mutable_node_command() = command;
  ASSIGN_OR_RETURN(const ExchangeResult result, run_(AsOwner(request, owner)));
  if (!result.box || result.box->kind != "node-command" || result.box->id != command.node()) {
    return Internal("no answer in the box");
  }
  v1::NodeCommandAnswer answer;
  const std::string json = result.box->secret.Reveal([](ByteView b) { return Text(b); });
  RETURN_IF_ERROR(wire::ParseJson(json, {}, &answer));
  return answer;
}

StatusOr<ExchangeResult> TestClient::Cancel(const SigningKey& owner,
                                            const Sha256Digest& manifest_digest) {
  v1::Request request;
  request.mutable_cancel_update()->set_manifest_digest(Text(manifest_digest));
  return run_(AsOwner(request, owner));
}

StatusOr<v1::CoordinatorProof> TestClient::Verify() {
  v1::Request request;
  request.mutable_verify();
  ASSIGN_OR_RETURN(const ExchangeResult result, run_(Base(request)));
  return Parse<v1::CoordinatorProof>(result.payload);
}

StatusOr<v1::CoordinatorProof> TestClient::Verify(const CredentialBlob& credential,
                                                  const SecretBytes& secret) {
  v1::Request request;
  request.mutable_verify();
  ClientExchange exchange = Base(request);
  v1::VerifyPayload payload;
  payload.set_coordinator_credential_id_object(Text(credential.id_object));
  payload.set_coordinator_credential_encrypted_secret(Text(credential.encrypted_secret));
  exchange.payload = wire::PrintBinary(payload);
  exchange.verify_server = [&secret](const ServerProof& proof) -> Status {
    RETURN_IF_ERROR(CheckEvidence(proof));
    ASSIGN_OR_RETURN(const auto shown, Parse<v1::CoordinatorProof>(proof.payload));
    if (Equal(AsBytes(shown.activation_hmac()), ActivationMac(secret, proof.context))) {
      return absl::OkStatus();
    }
    return Refused("ACTIVATION_FAILED", "the server's AK is not beside that EK");
  };
  ASSIGN_OR_RETURN(const ExchangeResult result, run_(exchange));
  return Parse<v1::CoordinatorProof>(result.payload);
}

StatusOr<ExchangeResult> TestClient::Raw(const v1::Request& request, const Bytes& payload,
                                         ProofType proof,
                                         std::function<StatusOr<Bytes>(const ReportData&)> prove) {
  ClientExchange exchange = Base(request);
  exchange.payload = payload;
  exchange.proof_type = proof;
  exchange.prove = std::move(prove);
  exchange.sign = [](ByteView) { return ToBytes("no signature"); };
  return run_(exchange);
}

}  // namespace kedge::testing
