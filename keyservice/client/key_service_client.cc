#include "keyservice/client/key_service_client.h"

#include <absl/strings/str_cat.h>

#include "base/lp.h"
#include "crypto/x509.h"
#include "proto/kedge.pb.h"
#include "proto/wire/binary.h"
#include "proto/wire/receipt.h"

namespace kedge::client {
namespace {

constexpr char kAwaitingInit[] = "AWAITING_INIT";
constexpr char kAwaitingSeed[] = "AWAITING_SEED";
constexpr char kServing[] = "SERVING";
constexpr size_t kCredentialSecretSize = 32;

std::string Text(ByteView bytes) { return std::string(AsText(bytes)); }

Status NotConsistent(std::string_view what) {
  return Refused("ANSWER_NOT_CONSISTENT",
                 absl::StrCat("the service's answer does not fit together: ", std::string(what),
                              ". Keep nothing of it; do not trust this machine"));
}

// What an owner key adds to an exchange.
std::function<StatusOr<Bytes>(ByteView)> SignWith(const SigningKey& owner) {
  return [&owner](ByteView message) -> StatusOr<Bytes> {
    ASSIGN_OR_RETURN(const Bytes signature, owner.Sign(message));
    return Lp({Sha256(owner.public_key().spki()), signature});
  };
}

// A request that the owner signs.
ClientExchange OwnerExchange(const v1::Request& request, const ClientPins& pins,
                             const SigningKey& owner) {
  ClientExchange exchange;
  exchange.pins = pins;
  exchange.request = wire::PrintBinary(request);
  exchange.proof_type = ProofType::kOwner;
  exchange.sign = SignWith(owner);
  return exchange;
}

// The service must be where the command needs it; each wrong place has its own next step.
Status RequirePhase(const SeenService& service, std::string_view wanted) {
  if (service.phase == wanted) return absl::OkStatus();
  if (service.phase == kServing) {
    return MakeFault(StatusCode::kFailedPrecondition,
                     wanted == kAwaitingInit ? "ALREADY_INITIALISED" : "NOTHING_TO_RECOVER",
                     Advice::kAskOperator,
                     "the key service already serves a cluster; see `kedge status`");
  }
  if (service.phase == kAwaitingInit) {
    return MakeFault(StatusCode::kFailedPrecondition, "AWAITING_INIT", Advice::kAskOperator,
                     "the machine's state disk is blank: there is nothing to recover; a new "
                     "cluster is made with `kedge init`");
  }
  if (service.phase == kAwaitingSeed) {
    return MakeFault(
        StatusCode::kFailedPrecondition, "AWAITING_SEED", Advice::kAskOperator,
        "the machine has a cluster's disk and waits for its seed: run `kedge recover`");
  }
  return Malformed("the service names a phase that this version does not know");
}

Status RequireSameMachine(const SeenService& seen, const SeenService& learnt) {
  if (seen.ek.identity == learnt.ek.identity && seen.claims.ak_name == learnt.claims.ak_name) {
    return absl::OkStatus();
  }
  return Refused(
      "MACHINE_CHANGED",
      absl::StrCat("another machine answered than the one that was checked before: "
                   "expected identity ",
                   ToHex(learnt.ek.identity.value), ", got ", ToHex(seen.ek.identity.value)));
}

// A later receipt of the cluster whose identity key the owner knows.
Status CheckReceipt(const Receipt& receipt, ByteView service_key_spki) {
  ASSIGN_OR_RETURN(const VerifyKey identity, VerifyKey::FromSpki(service_key_spki));
  return VerifyReceipt(receipt, identity);
}

}  // namespace

struct KeyServiceClient::Credential {
  SecretBytes secret;
  CredentialBlob blob;
};

StatusOr<KeyServiceClient::Credential> KeyServiceClient::MakeCredentialFor(
    const SeenService& learnt) {
  ASSIGN_OR_RETURN(SecretBytes secret, random_.Secret(kCredentialSecretSize));
  ASSIGN_OR_RETURN(CredentialBlob blob,
                   MakeCredential(learnt.ek.ek_public, learnt.claims.ak_name, secret, random_));
  return Credential{std::move(secret), std::move(blob)};
}

StatusOr<ServicePolicy> PolicyOf(const Manifest& manifest, BootPhase phase,
                                 std::vector<std::optional<ClusterId>> cluster_ids) {
  const RolePolicy* role = manifest.FindRole(kRoleControlPlane);
  if (role == nullptr) {
    return Refused("ROLE_NOT_ALLOWED",
                   "the manifest has no role control-plane: no machine may run its key service");
  }
  return ServicePolicy{.images = manifest.ImagesFor(kRoleControlPlane),
                       .evidence_levels = role->evidence_levels,
                       .tpm_roots = manifest.tpm_roots(),
                       .identity_kinds = role->identity_kinds,
                       .phase = phase,
                       .cluster_ids = std::move(cluster_ids),
                       .init_data = std::nullopt};
}

ClientPins PinsOf(const Receipt& receipt) {
  return {.cluster_id = ToBytes(ByteView(receipt.cluster_id)),
          .service_key_spki = receipt.service_key_spki,
          .minimum_generation = receipt.latest.generation};
}

StatusOr<KeyServiceClient::Answer> KeyServiceClient::Run(
    ClientExchange exchange, const ServicePolicy& policy, const SecretBytes* credential_secret,
    const std::function<Status(const SeenService&)>& check) {
  std::optional<SeenService> seen;
  exchange.verify_server = [&](const ServerProof& proof) -> Status {
    ASSIGN_OR_RETURN(seen, CheckService(proof, policy, credential_secret, clock_.Now()));
    return check(*seen);
  };
  ASSIGN_OR_RETURN(ExchangeResult result, run_(exchange));
  if (!seen) return Internal("the exchange ended without a check of the service");
  return Answer{std::move(result), *std::move(seen)};
}

StatusOr<SeenService> KeyServiceClient::Learn(const ServicePolicy& policy, const ClientPins& pins) {
  v1::Request request;
  request.mutable_verify();
  ClientExchange exchange;
  exchange.pins = pins;
  exchange.request = wire::PrintBinary(request);
  ASSIGN_OR_RETURN(Answer answer, Run(std::move(exchange), policy, nullptr,
                                      [](const SeenService&) { return absl::OkStatus(); }));
  return std::move(answer.service);
}

StatusOr<SeenService> KeyServiceClient::Prove(const ServicePolicy& policy, const ClientPins& pins,
                                              const SeenService& learnt) {
  ASSIGN_OR_RETURN(const Credential credential, MakeCredentialFor(learnt));
  v1::Request request;
  request.mutable_verify();
  v1::VerifyPayload payload;
  payload.set_coordinator_credential_id_object(Text(credential.blob.id_object));
  payload.set_coordinator_credential_encrypted_secret(Text(credential.blob.encrypted_secret));
  ClientExchange exchange;
  exchange.pins = pins;
  exchange.request = wire::PrintBinary(request);
  exchange.payload = wire::PrintBinary(payload);
  ASSIGN_OR_RETURN(Answer answer, Run(std::move(exchange), policy, &credential.secret,
                                      [&learnt](const SeenService& seen) {
                                        return RequireSameMachine(seen, learnt);
                                      }));
  return std::move(answer.service);
}

namespace {

// The answer to init against everything that the owner knows.
StatusOr<InitOutcome> CheckInitAnswer(const ExchangeResult& result, const Manifest& manifest,
                                      SeenService service) {
  v1::InitResult message;
  RETURN_IF_ERROR(
      wire::ParseBinary(result.upload_result, kMaxPayload, "the answer to init", &message));
  InitOutcome out;
  out.service = std::move(service);
  ASSIGN_OR_RETURN(out.receipt, wire::FromWire(message.receipt()));
  for (const v1::SeedShare& share : message.seed_shares()) {
    ASSIGN_OR_RETURN(out.seed_shares.emplace_back(), wire::FromWire(share));
  }
  out.ca_certificate_pem = message.ca_certificate_pem();
  out.trust_on_first_use = message.trust_on_first_use();

  ASSIGN_OR_RETURN(const VerifyKey identity, VerifyKey::FromSpki(result.service_key_spki));
  RETURN_IF_ERROR(VerifyReceipt(out.receipt, identity));
  if (!Equal(AsBytes(message.service_key_spki()), result.service_key_spki)) {
    return NotConsistent("it names another identity key than the one that signed it");
  }
  if (!Equal(AsBytes(message.cluster_id()), out.receipt.cluster_id)) {
    return NotConsistent("receipt and answer name different clusters");
  }
  if (out.receipt.latest.manifest_digest != manifest.digest() ||
      out.receipt.latest.generation != manifest.generation()) {
    return NotConsistent("the receipt is for another manifest");
  }
  if (!Equal(out.receipt.coordinator_id, out.service.ek.identity.value)) {
    return NotConsistent("the receipt names another machine");
  }
  if (out.seed_shares.size() != manifest.seed_share_keys().size()) {
    return NotConsistent("there is not one seed share for each key of the manifest");
  }
  for (size_t i = 0; i < out.seed_shares.size(); ++i) {
    if (out.seed_shares[i].owner_key_digest != manifest.seed_share_keys()[i].digest) {
      return NotConsistent("a seed share is for a key that the manifest does not name");
    }
  }
  const Status ca = SpkiOfCertificate(out.ca_certificate_pem).status();
  if (!ca.ok()) return NotConsistent("its CA certificate does not parse");
  return out;
}

}  // namespace

StatusOr<InitOutcome> KeyServiceClient::Init(const Manifest& manifest, const SigningKey& owner,
                                             const ServicePolicy& policy,
                                             const SeenService& learnt) {
  RETURN_IF_ERROR(RequirePhase(learnt, kAwaitingInit));
  RETURN_IF_ERROR(RequireTrusted(learnt));
  ASSIGN_OR_RETURN(const Credential credential, MakeCredentialFor(learnt));
  v1::Request request;
  request.mutable_init()->set_manifest_digest(Text(manifest.digest()));
  request.mutable_init()->set_coordinator_id(Text(learnt.ek.identity.value));
  request.mutable_init()->set_owner_time(absl::ToUnixSeconds(clock_.Now()));
  v1::InitPayload payload;
  payload.set_manifest(Text(manifest.bytes()));
  payload.set_coordinator_credential_id_object(Text(credential.blob.id_object));
  payload.set_coordinator_credential_encrypted_secret(Text(credential.blob.encrypted_secret));
  ClientExchange exchange = OwnerExchange(request, {}, owner);
  exchange.payload = wire::PrintBinary(payload);
  // The owner has seen the evidence and still means this manifest.
  exchange.upload = [&manifest] { return SecretBytes::CopyOf(manifest.digest()); };
  ASSIGN_OR_RETURN(Answer answer, Run(std::move(exchange), policy, &credential.secret,
                                      [&learnt](const SeenService& seen) -> Status {
                                        RETURN_IF_ERROR(RequireSameMachine(seen, learnt));
                                        RETURN_IF_ERROR(RequirePhase(seen, kAwaitingInit));
                                        return RequireTrusted(seen);
                                      }));
  return CheckInitAnswer(answer.result, manifest, std::move(answer.service));
}

StatusOr<RecoverOutcome> KeyServiceClient::Recover(const Manifest& manifest, const Receipt& receipt,
                                                   ByteView salt, const SecretBytes& seed,
                                                   const SigningKey& owner,
                                                   const ServicePolicy& policy,
                                                   const SeenService& learnt,
                                                   std::optional<uint64_t> accept_disk_counter) {
  RETURN_IF_ERROR(RequirePhase(learnt, kAwaitingSeed));
  RETURN_IF_ERROR(RequireTrusted(learnt));
  if (!Equal(learnt.ek.identity.value, receipt.coordinator_id)) {
    return Refused("COORDINATOR_MISMATCH",
                   absl::StrCat("the machine is ", ToHex(learnt.ek.identity.value),
                                ", but the receipt names ", ToHex(receipt.coordinator_id),
                                " as the one that runs the key service: point --endpoint at it"));
  }
  ASSIGN_OR_RETURN(const Credential credential, MakeCredentialFor(learnt));
  v1::Request request;
  request.mutable_recover()->set_coordinator_id(Text(receipt.coordinator_id));
  request.mutable_recover()->set_owner_time(absl::ToUnixSeconds(clock_.Now()));
  if (accept_disk_counter) request.mutable_recover()->set_accept_disk_counter(*accept_disk_counter);
  v1::RecoverPayload payload;
  *payload.mutable_receipt() = wire::ToWire(receipt);
  payload.set_manifest(Text(manifest.bytes()));
  payload.set_salt(Text(salt));
  payload.set_coordinator_credential_id_object(Text(credential.blob.id_object));
  payload.set_coordinator_credential_encrypted_secret(Text(credential.blob.encrypted_secret));
  ClientExchange exchange = OwnerExchange(request, {}, owner);
  // The service has no key yet; the one that it shows with S3 must be the cluster's.
  exchange.pins.upload_signer_spki = receipt.service_key_spki;
  exchange.payload = wire::PrintBinary(payload);
  exchange.upload = [&seed] { return seed.Clone(); };
  ASSIGN_OR_RETURN(Answer answer, Run(std::move(exchange), policy, &credential.secret,
                                      [&learnt](const SeenService& seen) -> Status {
                                        RETURN_IF_ERROR(RequireSameMachine(seen, learnt));
                                        RETURN_IF_ERROR(RequirePhase(seen, kAwaitingSeed));
                                        return RequireTrusted(seen);
                                      }));
  v1::RecoverResult message;
  RETURN_IF_ERROR(wire::ParseBinary(answer.result.upload_result, kMaxPayload,
                                    "the answer to recover", &message));
  if (!Equal(AsBytes(message.cluster_id()), receipt.cluster_id)) {
    return NotConsistent("it recovered another cluster than the receipt's");
  }
  RecoverOutcome out{.service = std::move(answer.service), .receipt = std::nullopt};
  if (message.has_receipt()) {
    ASSIGN_OR_RETURN(out.receipt, wire::FromWire(message.receipt()));
    RETURN_IF_ERROR(CheckReceipt(*out.receipt, receipt.service_key_spki));
  }
  return out;
}

StatusOr<ServiceStatus> KeyServiceClient::GetStatus(const ClientPins& pins, const SigningKey& owner,
                                                    const ServicePolicy& policy) {
  v1::Request request;
  request.mutable_status();
  return AskForStatus(OwnerExchange(request, pins, owner), policy);
}

StatusOr<ServiceStatus> KeyServiceClient::AskForStatus(ClientExchange exchange,
                                                       const ServicePolicy& policy) {
  const ClientPins pins = exchange.pins;
  // Where an identity key is pinned it signs this evidence: it is of the service's own TPM.
  ASSIGN_OR_RETURN(Answer answer, Run(std::move(exchange), policy, nullptr, &RequireTrusted));
  if (!answer.result.box || answer.result.box->kind != "status") {
    return NotConsistent("it has no box of the kind status");
  }
  ServiceStatus out;
  out.service = std::move(answer.service);
  RETURN_IF_ERROR(ParseStatus(answer.result.box->secret, &out));
  // Without pins there is no cluster yet, and nothing to keep.
  if (pins.service_key_spki.empty()) out.receipt.reset();
  if (out.receipt) RETURN_IF_ERROR(CheckReceipt(*out.receipt, pins.service_key_spki));
  return out;
}

namespace {

v1::Request RequestOf(const NodeCommand& command) {
  v1::Request request;
  v1::NodeCommandRequest& message = *request.mutable_node_command();
  message.set_node(command.node);
  message.set_reason(command.reason);
  struct Fill {
    v1::NodeCommandRequest& message;
    void operator()(const RebindCommand& rebind) const {
      message.mutable_rebind()->set_identity_kind(std::string(ToString(rebind.identity.kind)));
      message.mutable_rebind()->set_identity(Text(rebind.identity.value));
    }
    void operator()(const RevokeCommand&) const { message.mutable_revoke(); }
    void operator()(const AcceptDiskCommand& accept) const {
      message.mutable_accept_disk()->set_disk_counter(accept.disk_counter);
    }
  };
  std::visit(Fill{message}, command.action);
  return request;
}

}  // namespace

StatusOr<NodeCommandResult> KeyServiceClient::CommandNode(const NodeCommand& command,
                                                          const ClientPins& pins,
                                                          const SigningKey& owner,
                                                          const ServicePolicy& policy) {
  if (pins.service_key_spki.empty()) return Internal("a node command to a service without a pin");
  ASSIGN_OR_RETURN(Answer answer, Run(OwnerExchange(RequestOf(command), pins, owner), policy,
                                      nullptr, &RequireTrusted));
  const std::optional<BoxContent>& box = answer.result.box;
  if (!box || box->kind != "node-command" || box->id != command.node) {
    return NotConsistent("it has no box that answers the command");
  }
  NodeCommandResult out;
  out.service = std::move(answer.service);
  RETURN_IF_ERROR(ParseNodeCommandAnswer(box->secret, &out));
  if (out.node.name != command.node) return NotConsistent("it is about another node");
  return out;
}

StatusOr<SetManifestResult> KeyServiceClient::SetManifest(const ManifestUpdate& update,
                                                          const ClientPins& pins,
                                                          const ServicePolicy& policy) {
  if (pins.service_key_spki.empty()) return Internal("a manifest to a service without a pin");
  v1::Request request;
  v1::SetManifestRequest& message = *request.mutable_set_manifest();
  message.set_previous(Text(update.step.previous));
  message.set_generation(update.step.generation);
  message.set_manifest_digest(Text(update.step.manifest_digest));
  v1::SetManifestPayload payload;
  payload.set_manifest(Text(update.next.bytes()));
  payload.set_approvals(Text(PrintApprovals(update.approvals)));
  for (const std::string& code : update.allow) payload.add_allow(code);
  for (const Sha256Digest& digest : update.tested_share_keys) {
    payload.add_tested_share_keys(Text(digest));
  }
  payload.set_dry_run(update.dry_run);
  ClientExchange exchange;
  exchange.pins = pins;
  exchange.request = wire::PrintBinary(request);
  exchange.payload = wire::PrintBinary(payload);
  ASSIGN_OR_RETURN(Answer answer, Run(std::move(exchange), policy, nullptr, &RequireTrusted));
  const std::optional<BoxContent>& box = answer.result.box;
  const std::string digest = ToHex(update.step.manifest_digest);
  if (!box || box->kind != "set-manifest" || box->id != digest) {
    return NotConsistent("it has no box that answers for this manifest");
  }
  SetManifestResult out;
  out.service = std::move(answer.service);
  RETURN_IF_ERROR(ParseSetManifestAnswer(box->secret, &out));
  RETURN_IF_ERROR(CheckReceipt(out.receipt, pins.service_key_spki));
  if (out.progress.manifest_digest != digest) return NotConsistent("it is about another manifest");
  const Transition& latest = out.receipt.latest;
  if (out.in_force && TransitionHash(latest) != TransitionHash(update.step)) {
    return NotConsistent("it says that the manifest is in force, and its receipt does not");
  }
  return out;
}

StatusOr<ServiceStatus> KeyServiceClient::CancelUpdate(const Sha256Digest& manifest_digest,
                                                       const ClientPins& pins,
                                                       const SigningKey& owner,
                                                       const ServicePolicy& policy) {
  v1::Request request;
  request.mutable_cancel_update()->set_manifest_digest(Text(manifest_digest));
  return AskForStatus(OwnerExchange(request, pins, owner), policy);
}

Status CheckShare(const SeedShare& share, const RsaPrivateKey& key, const Receipt& receipt,
                  std::string_view ca_certificate_pem) {
  ASSIGN_OR_RETURN(SecretBytes seed, OpenSeedShare(share, key));
  ASSIGN_OR_RETURN(const KeyTree tree, KeyTree::Create(std::move(seed), share.salt));
  ASSIGN_OR_RETURN(const SigningKey identity, tree.IdentityKey());
  if (identity.public_key().spki() != receipt.service_key_spki) {
    return NotConsistent("the seed share gives another identity key than the receipt's");
  }
  ASSIGN_OR_RETURN(const ClusterId cluster_id, tree.ComputeClusterId(receipt.measurement_salt));
  if (cluster_id != receipt.cluster_id) {
    return NotConsistent("the seed share gives another cluster id than the receipt's");
  }
  ASSIGN_OR_RETURN(const SigningKey transaction, tree.TransactionKey());
  RETURN_IF_ERROR(VerifyTransition(receipt.latest, transaction.public_key()));
  ASSIGN_OR_RETURN(const Bytes ca, SpkiOfCertificate(ca_certificate_pem));
  ASSIGN_OR_RETURN(const SigningKey root_ca, tree.RootCaKey());
  if (ca != root_ca.public_key().spki()) {
    return NotConsistent("the CA certificate is not of the seed's CA key");
  }
  return absl::OkStatus();
}

}  // namespace kedge::client
