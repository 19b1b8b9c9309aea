#include "bootstrapper/join/server_check.h"

#include "attestation/parse/evidence.h"

namespace kedge {

Status CheckServer(const ServerProof& proof, const ServerExpectation& expected) {
  ASSIGN_OR_RETURN(const Evidence evidence, ParseEvidence(proof.evidence));
  ASSIGN_OR_RETURN(const Claims claims, VerifyEvidence(evidence, proof.expected_report_data));
  const auto cluster_id = ToArray<std::tuple_size_v<ClusterId>>(expected.cluster_id);
  if (!cluster_id) return Internal("a cluster id of the wrong length was let through");
  if (!expected.own_ak_public.empty()) {
    if (claims.ak_public == expected.own_ak_public) return absl::OkStatus();
    return Refused("SERVER_NOT_TRUSTED",
                   "the key service on the loopback device attested with another TPM than this "
                   "node's: something else answers there; reboot the node");
  }
  const Appraisal appraisal = Appraise(
      claims, {.images = expected.images,
               // Whose word the server's PCRs are is the operator's to know (`kedge status` shows
               // it); the node relies on the pinned identity key beside it.
               .accepted_levels = {EvidenceLevel::kHostVtpm},
               .phase = BootPhase::kAny,
               .cluster_id = *cluster_id,
               // The server's own invitation is its cluster's business: skipped, and said so.
               .init_data = std::nullopt});
  if (appraisal.verdict.trusted()) return absl::OkStatus();
  return Refused(
      "SERVER_NOT_TRUSTED",
      "the key service is not what the invitation describes: " + appraisal.verdict.FirstFailure() +
          "; give this node a new invitation if the cluster's image has changed");
}

}  // namespace kedge
