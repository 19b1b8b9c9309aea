#include "keyservice/server/handler.h"

#include <absl/strings/str_cat.h>

#include "attestation/channel/transcript.h"
#include "keyservice/core/owner_proof.h"
#include "keyservice/server/answer_wire.h"

namespace kedge::keyservice {

Status Handler::Activated() { return Internal("an activation that nobody asked for"); }

StatusOr<UploadResult> Handler::Upload(SecretBytes) {
  return Internal("an upload that nobody expects");
}

Status ExpectProof(const ClientRequest& request, ProofType expected) {
  if (request.proof_type == expected) return absl::OkStatus();
  return Refused("PROOF_TYPE",
                 absl::StrCat("this request is proven by '", std::string(ToString(expected)),
                              "', not by '", std::string(ToString(request.proof_type)), "'"));
}

Status StateChanged() {
  return MakeFault(StatusCode::kUnavailable, "STATE_CHANGED", Advice::kRetry,
                   "the service had no cluster when this exchange began");
}

StatusOr<Bytes> MakeCoordinatorProof(const HandlerContext& context,
                                     const std::optional<CredentialBlob>& credential,
                                     ByteView exchange_context) {
  Issuer& issuer = context.service.parts().issuer;
  CoordinatorProof proof{.phase = context.seen.phase,
                         .node = context.service.own_node(),
                         .endorsements = {},
                         .activation_hmac = {},
                         .cluster = context.seen.cluster};
  ASSIGN_OR_RETURN(proof.endorsements, issuer.GetEndorsements());
  if (credential) {
    ASSIGN_OR_RETURN(const SecretBytes secret, issuer.ActivateCredential(*credential));
    proof.activation_hmac = ToBytes(ByteView(ActivationMac(secret, exchange_context)));
  }
  return ToWire(proof);
}

StatusOr<AdmittedOwner> AdmitOwner(HandlerContext& context, const ClientRequest& request) {
  RETURN_IF_ERROR(ExpectProof(request, ProofType::kOwner));
  if (!context.seen.cluster) return StateChanged();
  ASSIGN_OR_RETURN(const OwnerProof proof, ParseOwnerProof(request.proof));
  ASSIGN_OR_RETURN(const OwnerKey owner, VerifyOwnerProof(proof, request.owner_proof_message,
                                                          context.seen.cluster->manifest()));
  context.peer.known = true;
  ASSIGN_OR_RETURN(const std::optional<CredentialBlob> credential,
                   ParseVerifyPayload(request.payload));
  AdmittedOwner out{.name = owner.name, .coordinator_proof = {}};
  ASSIGN_OR_RETURN(out.coordinator_proof,
                   MakeCoordinatorProof(context, credential, request.context));
  return out;
}

StatusOr<ServerAnswer> SealedAnswer(Bytes payload, std::string kind, std::string id,
                                    std::string_view text) {
  ASSIGN_OR_RETURN(SecretBytes boxed, SecretBytes::CopyOf(AsBytes(text)));
  return ServerAnswer{.payload = std::move(payload),
                      .box = BoxContent{.kind = std::move(kind),
                                        .id = std::move(id),
                                        .generation = 0,
                                        .secret = std::move(boxed)},
                      .expects_upload = false};
}

StatusOr<std::string> StatusText(KeyService& service) {
  ServiceReport report = service.Report();
  ASSIGN_OR_RETURN(report.receipt, service.NewestReceipt());
  return PrintStatus(report);
}

}  // namespace kedge::keyservice
