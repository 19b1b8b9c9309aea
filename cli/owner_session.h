// What every command of an owner to a serving cluster has in common: the workspace's manifest,
// receipt and owner key, and the key service that they pin.
#pragma once

#include <string>

#include "cli/environment.h"
#include "keyservice/client/key_service_client.h"

namespace kedge::cli {

class OwnerSession {
 public:
  // Reads the workspace; sends nothing yet.
  static StatusOr<OwnerSession> Open(const Environment& env, const Common& common,
                                     const std::string& endpoint);

  StatusOr<client::ServiceStatus> GetStatus();
  StatusOr<client::ServiceStatus> CancelUpdate(const Sha256Digest& manifest_digest);
  StatusOr<client::NodeCommandResult> Command(const NodeCommand& command);

 private:
  OwnerSession(Receipt receipt, SigningKey owner, client::ServicePolicy policy,
               client::KeyServiceClient service)
      : receipt_(std::move(receipt)),
        owner_(std::move(owner)),
        policy_(std::move(policy)),
        service_(std::move(service)) {}

  Receipt receipt_;
  SigningKey owner_;
  client::ServicePolicy policy_;
  client::KeyServiceClient service_;
};

}  // namespace kedge::cli
