// release and report: what nodes ask and tell, proven by evidence.
#include <absl/strings/str_cat.h>

#include "attestation/parse/evidence.h"
#include "attestation/verify/verify.h"
#include "keyservice/server/handler.h"

namespace kedge::keyservice {
namespace {

constexpr size_t kChallengeSize = 32;

LastSeen SeenNow(const Claims& claims, const Appraisal& appraisal, absl::Time now) {
  const auto pcr15 = claims.pcrs.find(kClusterIdPcr);
  return {.time = now,
          .trusted = appraisal.verdict.trusted(),
          .image = appraisal.image,
          .boot_phase = appraisal.phase,
          .pcr15 = pcr15 == claims.pcrs.end() ? Bytes() : pcr15->second,
          .level = appraisal.level,
          .failure = appraisal.verdict.FirstFailure()};
}

// What both requests have in common: evidence of a node with an invitation.
class NodeHandler : public Handler {
 protected:
  NodeHandler(HandlerContext context, std::string node, std::string role, BootPhase phase)
      : context_(context), phase_(phase) {
    facts_.node = std::move(node);
    facts_.role = std::move(role);
    facts_.volume = std::string(kStateVolume);
    context_.peer.node = facts_.node;
  }

  // Verifies the evidence and appraises it; facts_ then lack only the identity.
  Status Verify(const ClientRequest& request, ByteView invitation) {
    if (!context_.seen.cluster) return StateChanged();
    RETURN_IF_ERROR(ExpectProof(request, ProofType::kVtpm));
    ASSIGN_OR_RETURN(const Evidence evidence, ParseEvidence(request.proof));
    ASSIGN_OR_RETURN(claims_, VerifyEvidence(evidence, request.expected_report_data,
                                             {.policy = cluster().manifest->attestation_policy(),
                                              .collateral = context_.service.parts().collateral,
                                              .now = context_.service.CurrentTime()}));
    ASSIGN_OR_RETURN(facts_.invitation, context_.service.invitations().Open(invitation));
    ASSIGN_OR_RETURN(const AppraisalPolicy policy,
                     PolicyForNode(facts_.role, facts_.invitation.file_digest, phase_, cluster()));
    facts_.appraisal = Appraise(claims_, policy);
    last_seen_ = SeenNow(claims_, facts_.appraisal, context_.service.CurrentTime());
    return absl::OkStatus();
  }

  // Everything that can be decided before the AK is bound.
  Status Authorise(const RegistryFacts& registry) {
    ak_registered_ = registry.entry && Equal(registry.entry->ak_name, claims_.ak_name) &&
                     registry.entry->identity == facts_.identity;
    context_.peer.known = ak_registered_;
    const Status status = AuthoriseNode(facts_, cluster(), registry);
    if (!status.ok() && ak_registered_ && !facts_.appraisal.verdict.trusted()) {
      context_.service.NoteRefusedEvidence(facts_.node, claims_.ak_name, last_seen_);
    }
    return status;
  }

  const ClusterFacts& cluster() const { return context_.seen.cluster->facts(); }

  HandlerContext context_;
  const BootPhase phase_;
  NodeFacts facts_;
  Claims claims_;
  LastSeen last_seen_;
  bool ak_registered_ = false;
};

class ReleaseHandler final : public NodeHandler {
 public:
  ReleaseHandler(HandlerContext context, ReleaseRequest request)
      : NodeHandler(context, std::move(request.node), std::move(request.role),
                    BootPhase::kInitrdUncapped) {
    facts_.volume = std::move(request.volume);
  }

  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    ASSIGN_OR_RETURN(payload_, ParseReleasePayload(request.payload));
    RETURN_IF_ERROR(Verify(request, payload_.invitation));
    const ServiceParts& parts = context_.service.parts();
    ASSIGN_OR_RETURN(const VerifiedEk ek,
                     VerifyEk(payload_.endorsements, cluster().manifest->tpm_roots(),
                              context_.service.CurrentTime()));
    facts_.identity = ek.identity;
    if (payload_.disk.content == StateDiskContent::kLuks2) {
      facts_.shown_header = payload_.disk.header_digest;
    }
    refusal_ = Authorise(context_.service.FactsFor(facts_.node, facts_.identity));
    if (!refusal_.ok() && !IsAnotherMachine(refusal_)) return refusal_;
    if (ak_registered_) return std::optional<Challenge>();

    ASSIGN_OR_RETURN(SecretBytes secret, parts.random.Secret(kChallengeSize));
    ASSIGN_OR_RETURN(CredentialBlob credential,
                     MakeCredential(ek.ek_public, claims_.ak_name, secret, parts.random));
    return std::optional<Challenge>(
        {.credential = std::move(credential), .secret = std::move(secret)});
  }

  Status Activated() override {
    ak_activated_ = true;
    context_.peer.known = true;
    if (!refusal_.ok()) context_.service.NoteRefusedIdentity(facts_.node, facts_.identity);
    return refusal_;
  }

  StatusOr<ServerAnswer> Answer() override {
    if (!ak_registered_ && !ak_activated_) {
      return Internal("a release for an AK that is bound to no machine");
    }
    const LiveCluster& live = *context_.seen.cluster;
    const ServiceParts& parts = context_.service.parts();
    const std::string id = absl::StrCat(facts_.node, "/", facts_.volume);
    // The certificate first: a bad request must not leave a node FORMATTING.
    ReleaseAnswer answer{.order = ReleaseOrder::kNone,
                         .node_certificate_pem = {},
                         .ca_certificate_pem = live.ca_certificate_pem(),
                         .manifest_digest = live.manifest().digest(),
                         .manifest_generation = live.manifest().generation(),
                         .disk_counter = 0,
                         .next_disk_counter = 0,
                         .disk_accepted = false};
    ASSIGN_OR_RETURN(answer.node_certificate_pem,
                     live.IssueCertificate(facts_.node, payload_.certificate_request,
                                           context_.service.CurrentTime(), parts.random));
    ASSIGN_OR_RETURN(SecretBytes key, live.DiskKey(id));
    ASSIGN_OR_RETURN(const ReleaseDecision decision,
                     context_.service.CommitRelease(context_.seen.cluster, facts_, claims_.ak_name,
                                                    payload_.disk, last_seen_));
    answer.order = decision.order;
    answer.disk_counter = decision.entry.disk_counter;
    answer.next_disk_counter = decision.entry.next_disk_counter;
    answer.disk_accepted = decision.entry.disk_accepted;
    return ServerAnswer{
        .payload = ToWire(answer),
        .box =
            BoxContent{
                .kind = "dek", .id = id, .generation = kDekGeneration, .secret = std::move(key)},
        .expects_upload = false};
  }

 private:
  // Refused for being another machine than the name's, and for nothing else: it is asked to prove
  // which one it is, so that the owner may trust what is shown of it.
  bool IsAnotherMachine(const Status& refusal) const {
    const std::string code = FaultCode(refusal);
    return (code == "IDENTITY_MISMATCH" || code == "MACHINE_CHANGED") &&
           facts_.appraisal.verdict.trusted();
  }

  NodePayload payload_;
  Status refusal_;  // stands, once the machine has proven who it is
  bool ak_activated_ = false;
};

class ReportHandler final : public NodeHandler {
 public:
  ReportHandler(HandlerContext context, ReportRequest request)
      // All but JOINED come from the initrd, like the release before them.
      : NodeHandler(context, request.node, request.role,
                    request.trigger == NodeTrigger::kReportsJoined ? BootPhase::kAny
                                                                   : BootPhase::kInitrdUncapped),
        request_(std::move(request)) {}

  // Only the AK that was bound at a release may report: there is no enrolment here.
  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override {
    ASSIGN_OR_RETURN(const NodePayload payload, ParseReportPayload(request.payload));
    RETURN_IF_ERROR(Verify(request, payload.invitation));
    const RegistryFacts by_name = context_.service.FactsFor(facts_.node, {});
    if (!by_name.entry || !Equal(by_name.entry->ak_name, claims_.ak_name)) {
      return Refused("AK_NOT_REGISTERED",
                     absl::StrCat("a report as ", facts_.node, " by the AK ",
                                  ToHex(claims_.ak_name), ", which is not registered for it"));
    }
    facts_.identity = by_name.entry->identity;
    RETURN_IF_ERROR(Authorise(context_.service.FactsFor(facts_.node, facts_.identity)));
    return std::optional<Challenge>();
  }

  StatusOr<ServerAnswer> Answer() override {
    RETURN_IF_ERROR(context_.service.CommitReport(context_.seen.cluster, facts_, claims_.ak_name,
                                                  request_, last_seen_));
    return ServerAnswer{.payload = {}, .box = std::nullopt, .expects_upload = false};
  }

 private:
  const ReportRequest request_;
};

}  // namespace

std::unique_ptr<Handler> MakeReleaseHandler(HandlerContext context, ReleaseRequest request) {
  return std::make_unique<ReleaseHandler>(context, std::move(request));
}

std::unique_ptr<Handler> MakeReportHandler(HandlerContext context, ReportRequest request) {
  return std::make_unique<ReportHandler>(context, std::move(request));
}

}  // namespace kedge::keyservice
