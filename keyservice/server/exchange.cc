#include "keyservice/server/exchange.h"

#include <utility>

namespace kedge::keyservice {
namespace {

std::unique_ptr<Handler> MakeHandler(const HandlerContext& context, Request request) {
  struct Make {
    const HandlerContext& context;
    std::unique_ptr<Handler> operator()(ReleaseRequest r) const {
      return MakeReleaseHandler(context, std::move(r));
    }
    std::unique_ptr<Handler> operator()(ReportRequest r) const {
      return MakeReportHandler(context, std::move(r));
    }
    std::unique_ptr<Handler> operator()(InitRequest r) const {
      return MakeInitHandler(context, std::move(r));
    }
    std::unique_ptr<Handler> operator()(RecoverRequest r) const {
      return MakeRecoverHandler(context, std::move(r));
    }
    std::unique_ptr<Handler> operator()(StatusRequest) const { return MakeStatusHandler(context); }
    std::unique_ptr<Handler> operator()(VerifyRequest) const { return MakeVerifyHandler(context); }
    std::unique_ptr<Handler> operator()(NodeCommand c) const {
      return MakeNodeCommandHandler(context, std::move(c));
    }
    std::unique_ptr<Handler> operator()(SetManifestRequest r) const {
      return MakeSetManifestHandler(context, std::move(r));
    }
    std::unique_ptr<Handler> operator()(CancelUpdateRequest r) const {
      return MakeCancelUpdateHandler(context, r);
    }
  };
  return std::visit(Make{context}, std::move(request));
}

template <typename T>
StatusOr<T> From(StatusOr<T> result, const Peer& peer) {
  if (result.ok()) return result;
  return WithPeer(result.status(), peer);
}

}  // namespace

std::unique_ptr<ServerExchange> KeyService::NewExchange() {
  return std::make_unique<KeyServiceExchange>(*this);
}

ServerIdentity KeyServiceExchange::Identity() {
  if (!seen_.cluster) return {};
  const LiveCluster& cluster = *seen_.cluster;
  return {.cluster_id = ToBytes(ByteView(cluster.facts().cluster_id)),
          .key = cluster.identity_key(),
          .manifest_generation = cluster.manifest().generation(),
          .manifest_digest = cluster.manifest().digest()};
}

StatusOr<std::optional<Challenge>> KeyServiceExchange::Admit(const ClientRequest& request) {
  return From(AdmitKind(request), peer_);
}

StatusOr<std::optional<Challenge>> KeyServiceExchange::AdmitKind(const ClientRequest& request) {
  ASSIGN_OR_RETURN(Request parsed, ParseRequest(request.request));
  RETURN_IF_ERROR(service_.CheckAnswers(KindOf(parsed)));
  handler_ = MakeHandler({.service = service_, .seen = seen_, .peer = peer_}, std::move(parsed));
  return handler_->Admit(request);
}

Status KeyServiceExchange::Activated() { return WithPeer(handler_->Activated(), peer_); }

StatusOr<ServerAnswer> KeyServiceExchange::Answer() { return From(handler_->Answer(), peer_); }

StatusOr<Bytes> KeyServiceExchange::IssueEvidence(const ReportData& report_data) {
  ASSIGN_OR_RETURN(const Evidence evidence, service_.parts().issuer.Issue(report_data));
  return EncodeEvidence(evidence);
}

StatusOr<UploadResult> KeyServiceExchange::Upload(SecretBytes uploaded) {
  return From(handler_->Upload(std::move(uploaded)), peer_);
}

}  // namespace kedge::keyservice
