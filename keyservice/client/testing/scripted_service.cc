#include "keyservice/client/testing/scripted_service.h"

#include <thread>

#include "attestation/channel/testing/memory_link.h"
#include "attestation/channel/transcript.h"
#include "crypto/x509.h"
#include "keyservice/core/seed_share.h"
#include "keyservice/core/testing/test_cluster.h"
#include "proto/wire/binary.h"
#include "proto/wire/manifest.h"
#include "proto/wire/receipt.h"

namespace kedge::testing {
namespace {

std::string Text(ByteView bytes) { return std::string(AsText(bytes)); }

// Where an error is a broken test.
template <typename T>
T Must(StatusOr<T> value) {
  if (!value.ok()) std::abort();
  return *std::move(value);
}

class ScriptedExchange final : public ServerExchange {
 public:
  explicit ScriptedExchange(ScriptedService& service) : service_(service) {}

  ServerIdentity Identity() override {
    if (!service_.identity) return {};
    return {.cluster_id = ToBytes(ByteView(service_.receipt->cluster_id)),
            .key = service_.identity,
            .manifest_generation = service_.generation,
            .manifest_digest = Sha256(service_.manifest)};
  }

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    RETURN_IF_ERROR(wire::ParseBinary(request.request, kMaxRequest, "request", &request_));
    service_.requests.push_back(request_);
    service_.proofs.push_back(request.proof_type);
    payload_ = request.payload;
    service_.payloads.push_back(payload_);
    context_ = request.context;
    RETURN_IF_ERROR(service_.refuse);
    return std::optional<Challenge>();
  }
  Status Activated() override { return Internal("nobody is enrolled here"); }

  StatusOr<ServerAnswer> Answer() override {
    v1::CoordinatorProof proof;
    proof.set_phase(service_.phase);
    proof.set_node(service_.name);
    const Endorsements endorsements = Must(service_.node.issuer().GetEndorsements());
    proof.set_ek_public(Text(endorsements.ek_public));
    proof.set_ek_certificate(Text(endorsements.ek_certificate));
    proof.set_manifest(Text(service_.manifest));
    proof.set_ca_certificate_pem(service_.ca_certificate_pem);
    if (const auto credential = Credential()) {
      const auto secret = service_.node.issuer().ActivateCredential(*credential);
      if (secret.ok()) proof.set_activation_hmac(Text(ActivationMac(*secret, context_)));
    }
    service_.change_proof(proof);
    ServerAnswer answer;
    answer.payload = wire::PrintBinary(proof);
    answer.expects_upload = request_.has_init() || request_.has_recover();
    if (request_.has_set_manifest()) {
      const std::string json = service_.set_manifest_json();
      answer.box = BoxContent{.kind = "set-manifest",
                              .id = ToHex(AsBytes(request_.set_manifest().manifest_digest())),
                              .generation = 0,
                              .secret = Must(SecretBytes::CopyOf(AsBytes(json)))};
    }
    if (request_.has_status() || request_.has_cancel_update()) {
      answer.box = BoxContent{.kind = "status",
                              .id = "cluster",
                              .generation = 0,
                              .secret = Must(SecretBytes::CopyOf(AsBytes(service_.status_json)))};
    }
    if (request_.has_node_command()) {
      answer.box = BoxContent{.kind = "node-command",
                              .id = request_.node_command().node(),
                              .generation = 0,
                              .secret = Must(SecretBytes::CopyOf(AsBytes(service_.command_json)))};
    }
    return answer;
  }

  StatusOr<Bytes> IssueEvidence(const ReportData& report_data) override {
    ASSIGN_OR_RETURN(const Evidence evidence, service_.node.issuer().Issue(report_data));
    return EncodeEvidence(evidence);
  }

  StatusOr<UploadResult> Upload(SecretBytes uploaded) override {
    service_.uploaded = uploaded.Reveal([](ByteView raw) { return ToBytes(raw); });
    return request_.has_init() ? Init() : Recover(std::move(uploaded));
  }

 private:
  std::optional<CredentialBlob> Credential() const {
    v1::VerifyPayload verify;
    v1::InitPayload init;
    v1::RecoverPayload recover;
    const auto blob = [](const auto& message) -> std::optional<CredentialBlob> {
      if (message.coordinator_credential_id_object().empty()) return std::nullopt;
      return CredentialBlob{ToBytes(message.coordinator_credential_id_object()),
                            ToBytes(message.coordinator_credential_encrypted_secret())};
    };
    const auto parse = [this](auto& message) {
      return wire::ParseBinary(payload_, kMaxPayload, "payload", &message).ok();
    };
    if (request_.has_init()) return parse(init) ? blob(init) : std::nullopt;
    if (request_.has_recover()) return parse(recover) ? blob(recover) : std::nullopt;
    return parse(verify) ? blob(verify) : std::nullopt;
  }

  StatusOr<UploadResult> Init() {
    v1::InitPayload payload;
    RETURN_IF_ERROR(wire::ParseBinary(payload_, kMaxPayload, "payload", &payload));
    service_.manifest = ToBytes(payload.manifest());
    const Manifest manifest = Must(wire::ParseManifest(service_.manifest));
    service_.generation = manifest.generation();
    Receipt receipt;
    RETURN_IF_ERROR(service_.random.Fill(receipt.measurement_salt));
    Take(std::make_shared<const KeyTree>(Must(KeyTree::Generate(service_.random))));
    receipt.cluster_id = Must(service_.tree->ComputeClusterId(receipt.measurement_salt));
    receipt.latest = Must(SignTransition(manifest.generation(), manifest.digest(), {},
                                         Must(service_.tree->TransactionKey())));
    receipt.coordinator_node = service_.name;
    receipt.coordinator_id = ToBytes(request_.init().coordinator_id());
    service_.receipt = Must(SignReceipt(receipt, *service_.identity));
    service_.change_receipt(receipt);
    const Receipt shown = Must(SignReceipt(receipt, *service_.identity));
    service_.ca_certificate_pem =
        Must(CaCertificate(Must(service_.tree->RootCaKey()), "test cluster CA",
                           {absl::FromUnixSeconds(0), absl::FromUnixSeconds(4'000'000'000)}));
    RETURN_IF_ERROR(Serve());

    v1::InitResult result;
    result.set_cluster_id(Text(service_.receipt->cluster_id));
    result.set_service_key_spki(Text(service_.receipt->service_key_spki));
    for (const SeedShare& share : Must(MakeSeedShares(*service_.tree, manifest))) {
      *result.add_seed_shares() = wire::ToWire(share);
    }
    *result.mutable_receipt() = wire::ToWire(shown);
    result.set_ca_certificate_pem(service_.ca_certificate_pem);
    service_.change_init(result);
    return UploadResult{.result = wire::PrintBinary(result), .key = service_.identity};
  }

  StatusOr<UploadResult> Recover(SecretBytes seed) {
    v1::RecoverPayload payload;
    RETURN_IF_ERROR(wire::ParseBinary(payload_, kMaxPayload, "payload", &payload));
    const auto tree = std::make_shared<const KeyTree>(
        Must(KeyTree::Create(std::move(seed), AsBytes(payload.salt()))));
    if (Must(tree->IdentityKey()).public_key().spki() != service_.receipt->service_key_spki) {
      return Refused("WRONG_SEED", "not the seed of this disk");
    }
    Take(tree);
    service_.manifest = ToBytes(payload.manifest());
    RETURN_IF_ERROR(Serve());
    v1::RecoverResult result;
    result.set_cluster_id(Text(service_.receipt->cluster_id));
    service_.change_recover(result);
    return UploadResult{.result = wire::PrintBinary(result), .key = service_.identity};
  }

  void Take(std::shared_ptr<const KeyTree> tree) {
    service_.tree = std::move(tree);
    service_.identity = std::make_shared<const SigningKey>(Must(service_.tree->IdentityKey()));
  }

  // The node's bootstrapper measures the cluster id as soon as it learns it.
  Status Serve() {
    service_.phase = "SERVING";
    return service_.node.Measure(ClusterIdEvent(service_.receipt->cluster_id)).status();
  }

  ScriptedService& service_;
  v1::Request request_;
  Bytes payload_;
  Bytes context_;
};

}  // namespace

StatusOr<ExchangeResult> ScriptedService::Run(const ClientExchange& exchange) {
  before_exchange(exchanges++);
  const Bytes client_tls = Must(SigningKey::Generate(Curve::kP256)).public_key().spki();
  const Bytes server_tls = Must(SigningKey::Generate(Curve::kP256)).public_key().spki();
  MemoryLink link({.own_spki = client_tls, .peer_spki = server_tls});
  std::thread server([&] {
    ScriptedExchange end(*this);
    // What the client is told is what the tests look at.
    static_cast<void>(DriveServer(end, link.server(),
                                  {.own_spki = server_tls, .peer_spki = client_tls}, random,
                                  "0123456789abcdef"));
    link.CloseDown();
  });
  StatusOr<ExchangeResult> result = DriveClient(exchange, link.client(), client_tls, random);
  link.CloseUp();
  server.join();
  return result;
}

void ScriptedService::PowerCut() {
  node.Boot();
  phase = "AWAITING_SEED";
  tree.reset();
  identity.reset();
  manifest.clear();
  uploaded.reset();
}

Manifest ManifestFor(const TestTpmCa& tpm_ca) {
  ManifestTerms terms = TestManifestTerms(tpm_ca.root_pem());
  terms.images = {TestImage("kedge-test")};
  const std::string text = Must(wire::PrintManifest(terms));
  return Must(wire::ParseManifest(AsBytes(text)));
}

}  // namespace kedge::testing
