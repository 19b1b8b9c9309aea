// The manifest after the one in force: owners' signatures come in, from whoever carries them, and
// an owner takes back what waits.
#include "keyservice/server/handler.h"
#include "proto/wire/manifest.h"

namespace kedge::keyservice {
namespace {

class SetManifestHandler final : public Handler {
 public:
  SetManifestHandler(HandlerContext context, SetManifestRequest request)
      : context_(context), request_(std::move(request)) {}

  // The sender proves nothing of itself: the approvals do, and are looked at before the manifest.
  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    RETURN_IF_ERROR(ExpectProof(request, ProofType::kNone));
    if (!context_.seen.cluster) return StateChanged();
    ASSIGN_OR_RETURN(payload_, ParseSetManifestPayload(request.payload));
    if (payload_.approvals.empty()) {
      return Refused("APPROVAL_MISSING", "a manifest came without any owner's approval");
    }
    RETURN_IF_ERROR(
        TallyApprovals(context_.seen.cluster->manifest(), request_.step, payload_.approvals)
            .status());
    context_.peer.known = true;
    if (Sha256(payload_.manifest) != request_.step.manifest_digest) {
      return Malformed("the manifest is not the one that the request names");
    }
    ASSIGN_OR_RETURN(next_, wire::ParseManifest(payload_.manifest));
    if (next_->generation() != request_.step.generation) {
      return Malformed("the manifest has another generation than the request");
    }
    ASSIGN_OR_RETURN(proof_, MakeCoordinatorProof(context_, std::nullopt, request.context));
    return std::optional<Challenge>();
  }

  StatusOr<ServerAnswer> Answer() override {
    ASSIGN_OR_RETURN(
        const UpdateOutcome outcome,
        context_.service.SetManifest(context_.seen.cluster,
                                     {.next = *std::move(next_),
                                      .step = request_.step,
                                      .approvals = std::move(payload_.approvals),
                                      .allow = std::move(payload_.allow),
                                      .tested_share_keys = std::move(payload_.tested_share_keys),
                                      .dry_run = payload_.dry_run}));
    ASSIGN_OR_RETURN(const std::string text, PrintSetManifestAnswer(outcome));
    return SealedAnswer(proof_, "set-manifest", ToHex(request_.step.manifest_digest), text);
  }

 private:
  HandlerContext context_;
  const SetManifestRequest request_;
  SetManifestPayload payload_;
  std::optional<Manifest> next_;
  Bytes proof_;
};

class CancelUpdateHandler final : public Handler {
 public:
  CancelUpdateHandler(HandlerContext context, const CancelUpdateRequest& request)
      : context_(context), request_(request) {}

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    ASSIGN_OR_RETURN(owner_, AdmitOwner(context_, request));
    return std::optional<Challenge>();
  }

  StatusOr<ServerAnswer> Answer() override {
    RETURN_IF_ERROR(context_.service.CancelUpdate(context_.seen.cluster, request_.manifest_digest,
                                                  owner_.name));
    ASSIGN_OR_RETURN(const std::string text, StatusText(context_.service));
    return SealedAnswer(std::move(owner_.coordinator_proof), "status", "", text);
  }

 private:
  HandlerContext context_;
  const CancelUpdateRequest request_;
  AdmittedOwner owner_;
};

}  // namespace

std::unique_ptr<Handler> MakeSetManifestHandler(HandlerContext context,
                                                SetManifestRequest request) {
  return std::make_unique<SetManifestHandler>(context, std::move(request));
}

std::unique_ptr<Handler> MakeCancelUpdateHandler(HandlerContext context,
                                                 const CancelUpdateRequest& request) {
  return std::make_unique<CancelUpdateHandler>(context, request);
}

}  // namespace kedge::keyservice
