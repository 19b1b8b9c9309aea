#include "keyservice/server/handler.h"

#include <absl/strings/str_cat.h>

#include "attestation/channel/transcript.h"

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

}  // namespace kedge::keyservice
