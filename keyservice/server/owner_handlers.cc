// init, recover, status and node commands: what owners may do, proven by an owner key's signature
// over the exchange. verify: what anybody may see.
#include <absl/strings/str_cat.h>

#include "attestation/verify/verify.h"
#include "keyservice/core/owner_proof.h"
#include "keyservice/server/handler.h"
#include "proto/wire/manifest.h"

namespace kedge::keyservice {
namespace {

Status NotOwner(std::string_view message) { return Refused("NOT_OWNER", message); }

// The owner key that this machine's measured configuration names, if it names one.
const VerifyKey* InvitedOwner(const KeyService& service) {
  const auto& invitation = service.parts().invitation;
  return invitation ? &invitation->owner_key : nullptr;
}

// The sender is an owner by `manifest`, and, where this machine was invited, the owner who invited
// it: a manifest alone is the sender's own word until the seed has proven it.
Status VerifyOwner(const ClientRequest& request, const Manifest& manifest,
                   const KeyService& service) {
  RETURN_IF_ERROR(ExpectProof(request, ProofType::kOwner));
  ASSIGN_OR_RETURN(const OwnerProof proof, ParseOwnerProof(request.proof));
  const VerifyKey* invited = InvitedOwner(service);
  if (invited != nullptr) {
    RETURN_IF_ERROR(VerifyOwnerProof(proof, request.owner_proof_message, *invited));
  }
  return VerifyOwnerProof(proof, request.owner_proof_message, manifest).status();
}

// Certificates begin an hour before they are made: those of a clock that is further ahead than that
// would be valid nowhere else. One that is behind does not count (KeyService::CurrentTime).
Status CheckClock(const KeyService& service, absl::Time owner_time) {
  const absl::Time now = service.CurrentTime();
  if (now <= owner_time + kCertificateBackdating) return absl::OkStatus();
  return Refused("CLOCK_AHEAD",
                 absl::StrCat("this machine's time is ", absl::FormatTime(now, absl::UTCTimeZone()),
                              ", yours is ", absl::FormatTime(owner_time, absl::UTCTimeZone()),
                              ": set the host's clock right, or your own, and start again"));
}

// This machine, by its own EK certificate, as the manifest accepts it; the operator must have meant
// it. Fault COORDINATOR_MISMATCH.
StatusOr<HardwareIdentity> VerifyMeant(const KeyService& service, const Manifest& manifest,
                                       ByteView meant) {
  ASSIGN_OR_RETURN(const Endorsements own, service.parts().issuer.GetEndorsements());
  StatusOr<VerifiedEk> ek = VerifyEk(own, manifest.tpm_roots(), service.CurrentTime());
  if (!ek.ok()) return Annotate(ek.status(), "this machine's own TPM");
  RETURN_IF_ERROR(CheckIdentityKind(manifest, kRoleControlPlane, ek->identity.kind));
  if (!Equal(ek->identity.value, meant)) {
    return Refused("COORDINATOR_MISMATCH",
                   absl::StrCat("this machine is ", ToHex(ek->identity.value), ", meant was ",
                                ToHex(meant), "; verify the endpoint first"));
  }
  return ek->identity;
}

class InitHandler final : public Handler {
 public:
  InitHandler(HandlerContext context, InitRequest request)
      : context_(context), request_(std::move(request)) {}

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    ASSIGN_OR_RETURN(const InitPayload payload, ParseInitPayload(request.payload));
    if (Sha256(payload.manifest) != request_.manifest_digest) {
      return Malformed("the manifest is not the one that the request names");
    }
    ASSIGN_OR_RETURN(manifest_, wire::ParseManifest(payload.manifest));
    RETURN_IF_ERROR(VerifyOwner(request, *manifest_, context_.service));
    context_.peer.known = true;
    RETURN_IF_ERROR(CheckClock(context_.service, request_.owner_time));
    ASSIGN_OR_RETURN(coordinator_,
                     VerifyMeant(context_.service, *manifest_, request_.coordinator_id));
    ASSIGN_OR_RETURN(proof_, MakeCoordinatorProof(context_, payload.credential, request.context));
    return std::optional<Challenge>();
  }

  StatusOr<ServerAnswer> Answer() override {
    return ServerAnswer{.payload = proof_, .box = std::nullopt, .expects_upload = true};
  }

  // The owner has seen this machine's evidence and names the manifest once more.
  StatusOr<UploadResult> Upload(SecretBytes uploaded) override {
    const bool confirmed =
        uploaded.Reveal([this](ByteView bytes) { return Equal(bytes, request_.manifest_digest); });
    if (!confirmed) return Malformed("init is confirmed with the digest of its manifest");
    ASSIGN_OR_RETURN(const ClusterPtr cluster,
                     context_.service.Initialise(*std::move(manifest_), coordinator_));
    InitResult result{.cluster = cluster,
                      .seed_shares = {},
                      .trust_on_first_use = InvitedOwner(context_.service) == nullptr};
    ASSIGN_OR_RETURN(result.seed_shares, MakeSeedShares(cluster->keys(), cluster->manifest()));
    return UploadResult{.result = ToWire(result), .key = cluster->identity_key()};
  }

 private:
  HandlerContext context_;
  const InitRequest request_;
  std::optional<Manifest> manifest_;
  HardwareIdentity coordinator_;
  Bytes proof_;
};

class RecoverHandler final : public Handler {
 public:
  RecoverHandler(HandlerContext context, RecoverRequest request)
      : context_(context), request_(std::move(request)) {}

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    ASSIGN_OR_RETURN(payload_, ParseRecoverPayload(request.payload));
    if (Sha256(payload_.manifest) != payload_.receipt.latest.manifest_digest) {
      return Malformed("the manifest is not the one that the receipt names");
    }
    ASSIGN_OR_RETURN(manifest_, wire::ParseManifest(payload_.manifest));
    RETURN_IF_ERROR(VerifyOwner(request, *manifest_, context_.service));
    context_.peer.known = true;
    RETURN_IF_ERROR(CheckClock(context_.service, request_.owner_time));
    ASSIGN_OR_RETURN(const HardwareIdentity own,
                     VerifyMeant(context_.service, *manifest_, request_.coordinator_id));
    if (!Equal(own.value, payload_.receipt.coordinator_id)) {
      return Refused("COORDINATOR_MISMATCH", absl::StrCat("the receipt's coordinator is ",
                                                          ToHex(payload_.receipt.coordinator_id),
                                                          ", this machine is ", ToHex(own.value)));
    }
    ASSIGN_OR_RETURN(proof_, MakeCoordinatorProof(context_, payload_.credential, request.context));
    return std::optional<Challenge>();
  }

  StatusOr<ServerAnswer> Answer() override {
    return ServerAnswer{.payload = proof_, .box = std::nullopt, .expects_upload = true};
  }

  StatusOr<UploadResult> Upload(SecretBytes uploaded) override {
    StatusOr<KeyTree> keys = KeyTree::Create(std::move(uploaded), payload_.salt);
    if (!keys.ok()) return Refused("WRONG_SEED", MessageOf(keys.status()));
    ClusterRecord record{.salt = payload_.salt,
                         .ca_certificate_pem = {},
                         .receipt = payload_.receipt,
                         .provisional = true};
    ASSIGN_OR_RETURN(const ClusterPtr cluster,
                     context_.service.Recover(*std::move(keys), std::move(record),
                                              *std::move(manifest_), request_.accept_disk_counter));
    ASSIGN_OR_RETURN(const std::optional<Receipt> receipt, context_.service.NewestReceipt());
    return UploadResult{.result = RecoverResultToWire(*cluster, receipt),
                        .key = cluster->identity_key()};
  }

 private:
  HandlerContext context_;
  const RecoverRequest request_;
  RecoverPayload payload_;
  std::optional<Manifest> manifest_;
  Bytes proof_;
};

class StatusHandler final : public Handler {
 public:
  explicit StatusHandler(HandlerContext context) : context_(context) {}

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    RETURN_IF_ERROR(ExpectProof(request, ProofType::kOwner));
    ASSIGN_OR_RETURN(const OwnerProof proof, ParseOwnerProof(request.proof));
    RETURN_IF_ERROR(Verify(proof, request.owner_proof_message));
    context_.peer.known = true;
    ASSIGN_OR_RETURN(const std::optional<CredentialBlob> credential,
                     ParseVerifyPayload(request.payload));
    ASSIGN_OR_RETURN(proof_, MakeCoordinatorProof(context_, credential, request.context));
    return std::optional<Challenge>();
  }

  StatusOr<ServerAnswer> Answer() override {
    ASSIGN_OR_RETURN(const std::string text, StatusText(context_.service));
    return SealedAnswer(proof_, "status", "", text);
  }

 private:
  // The manifest's owners; before there is one, whoever invited this machine.
  Status Verify(const OwnerProof& proof, ByteView message) const {
    if (context_.seen.cluster) {
      return VerifyOwnerProof(proof, message, context_.seen.cluster->manifest()).status();
    }
    const VerifyKey* invited = InvitedOwner(context_.service);
    if (invited == nullptr) return NotOwner("this machine knows no owner yet");
    return VerifyOwnerProof(proof, message, *invited);
  }

  HandlerContext context_;
  Bytes proof_;
};

class NodeCommandHandler final : public Handler {
 public:
  NodeCommandHandler(HandlerContext context, NodeCommand command)
      : context_(context), command_(std::move(command)) {}

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    ASSIGN_OR_RETURN(owner_, AdmitOwner(context_, request));
    context_.peer.node = command_.node;
    return std::optional<Challenge>();
  }

  StatusOr<ServerAnswer> Answer() override {
    ASSIGN_OR_RETURN(const NodeCommandOutcome outcome,
                     context_.service.CommitCommand(context_.seen.cluster, command_, owner_.name));
    ASSIGN_OR_RETURN(const std::string text, PrintNodeCommandAnswer(outcome));
    return SealedAnswer(std::move(owner_.coordinator_proof), "node-command", command_.node, text);
  }

 private:
  HandlerContext context_;
  const NodeCommand command_;
  AdmittedOwner owner_;
};

class VerifyHandler final : public Handler {
 public:
  explicit VerifyHandler(HandlerContext context) : context_(context) {}

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    RETURN_IF_ERROR(ExpectProof(request, ProofType::kNone));
    ASSIGN_OR_RETURN(const std::optional<CredentialBlob> credential,
                     ParseVerifyPayload(request.payload));
    ASSIGN_OR_RETURN(proof_, MakeCoordinatorProof(context_, credential, request.context));
    return std::optional<Challenge>();
  }

  StatusOr<ServerAnswer> Answer() override {
    return ServerAnswer{.payload = proof_, .box = std::nullopt, .expects_upload = false};
  }

 private:
  HandlerContext context_;
  Bytes proof_;
};

}  // namespace

std::unique_ptr<Handler> MakeInitHandler(HandlerContext context, InitRequest request) {
  return std::make_unique<InitHandler>(context, std::move(request));
}

std::unique_ptr<Handler> MakeRecoverHandler(HandlerContext context, RecoverRequest request) {
  return std::make_unique<RecoverHandler>(context, std::move(request));
}

std::unique_ptr<Handler> MakeStatusHandler(HandlerContext context) {
  return std::make_unique<StatusHandler>(context);
}

std::unique_ptr<Handler> MakeNodeCommandHandler(HandlerContext context, NodeCommand command) {
  return std::make_unique<NodeCommandHandler>(context, std::move(command));
}

std::unique_ptr<Handler> MakeVerifyHandler(HandlerContext context) {
  return std::make_unique<VerifyHandler>(context);
}

}  // namespace kedge::keyservice
