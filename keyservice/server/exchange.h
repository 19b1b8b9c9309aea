// The key service's side of one attested exchange.
#pragma once

#include <memory>

#include "attestation/channel/exchange.h"
#include "keyservice/server/handler.h"
#include "keyservice/server/key_service.h"

namespace kedge::keyservice {

class KeyServiceExchange final : public ServerExchange {
 public:
  // `service` outlives the exchange.
  explicit KeyServiceExchange(KeyService& service) : service_(service), seen_(service.Now()) {}

  ServerIdentity Identity() override;
  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override;
  Status Activated() override;
  StatusOr<ServerAnswer> Answer() override;
  StatusOr<Bytes> IssueEvidence(const ReportData& report_data) override;
  StatusOr<UploadResult> Upload(SecretBytes uploaded) override;

 private:
  StatusOr<std::optional<Challenge>> AdmitKind(const ClientRequest& request);

  KeyService& service_;
  const KeyService::View seen_;
  Peer peer_;
  std::unique_ptr<Handler> handler_;
};

}  // namespace kedge::keyservice
