#include "keyservice/client/service_check.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "attestation/channel/transcript.h"
#include "attestation/parse/evidence.h"
#include "proto/kedge.pb.h"
#include "proto/wire/binary.h"

namespace kedge::client {
namespace {

// PCR 15 shows one state; the policy may allow two (before and after the node learnt its cluster).
// The appraisal that is trusted counts, else the first, whose rows say what was expected.
Appraisal AppraiseClusters(const Claims& claims, const ServicePolicy& policy, ByteView claimed) {
  std::vector<std::optional<ClusterId>> cluster_ids = policy.cluster_ids;
  if (cluster_ids.empty()) cluster_ids = {ToArray<std::tuple_size_v<ClusterId>>(claimed)};
  std::optional<Appraisal> first;
  for (const std::optional<ClusterId>& cluster_id : cluster_ids) {
    Appraisal appraisal = Appraise(claims, {.images = policy.images,
                                            .accepted_levels = policy.evidence_levels,
                                            .phase = policy.phase,
                                            .cluster_id = cluster_id,
                                            .init_data = policy.init_data});
    if (appraisal.verdict.trusted()) return appraisal;
    if (!first) first = std::move(appraisal);
  }
  return *std::move(first);
}

Status CheckActivation(const SecretBytes& secret, ByteView context, const std::string& hmac) {
  if (ConstantTimeEqual(ActivationMac(secret, context), AsBytes(hmac))) return absl::OkStatus();
  return Refused("AK_NOT_BOUND",
                 "the service could not show that the key that signed its evidence is in the TPM "
                 "that its EK certificate is for; expected an answer to the credential made for "
                 "both. Do not trust this machine");
}

}  // namespace

StatusOr<SeenService> CheckService(const ServerProof& proof, const ServicePolicy& policy,
                                   const SecretBytes* credential_secret, absl::Time now) {
  v1::CoordinatorProof message;
  RETURN_IF_ERROR(wire::ParseBinary(proof.payload, kMaxPayload, "the service's proof", &message));
  ASSIGN_OR_RETURN(const Evidence evidence, ParseEvidence(proof.evidence));
  SeenService out;
  ASSIGN_OR_RETURN(out.claims, VerifyEvidence(evidence, proof.expected_report_data));
  ASSIGN_OR_RETURN(out.ek, VerifyEk({.ek_public = ToBytes(message.ek_public()),
                                     .ek_certificate = ToBytes(message.ek_certificate())},
                                    policy.tpm_roots, now));
  const auto& kinds = policy.identity_kinds;
  if (std::find(kinds.begin(), kinds.end(), out.ek.identity.kind) == kinds.end()) {
    return Refused("IDENTITY_KIND",
                   absl::StrCat("the machine of the key service has an identity of the kind ",
                                std::string(ToString(out.ek.identity.kind)),
                                ", which the manifest does not accept for control planes"));
  }
  if (credential_secret != nullptr) {
    RETURN_IF_ERROR(CheckActivation(*credential_secret, proof.context, message.activation_hmac()));
    out.ak_bound = true;
  }
  out.appraisal = AppraiseClusters(out.claims, policy, proof.cluster_id);
  out.phase = message.phase();
  out.node = message.node();
  out.manifest = ToBytes(message.manifest());
  out.ca_certificate_pem = message.ca_certificate_pem();
  out.cluster_id = proof.cluster_id;
  out.service_key_spki = proof.service_key_spki;
  out.manifest_generation = proof.manifest_generation;
  out.manifest_digest = proof.manifest_digest;
  return out;
}

Status RequireTrusted(const SeenService& service) {
  if (service.appraisal.verdict.trusted()) return absl::OkStatus();
  return Refused("SERVICE_NOT_TRUSTED",
                 absl::StrCat("the evidence of the key service is genuine but not acceptable: ",
                              service.appraisal.verdict.FirstFailure()));
}

}  // namespace kedge::client
