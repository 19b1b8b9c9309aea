// A cluster, a node, an owner and their keys, and both ends of honest exchanges between them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "attestation/channel/exchange.h"
#include "attestation/channel/testing/memory_link.h"
#include "attestation/channel/testing/test_chips.h"
#include "crypto/system_random.h"

namespace kedge::testing {

SecretBytes Secret(std::string_view text);
std::string Plain(const SecretBytes& secret);

struct ChannelWorld {
  SystemRandom random;
  TestMaker maker;
  TestChip node_chip = maker.MakeChip("node image");
  TestChip service_chip = maker.MakeChip("control plane image");
  std::shared_ptr<const SigningKey> identity =
      std::make_shared<const SigningKey>(NewKey(Curve::kP256));
  SigningKey owner = NewKey(Curve::kP384);
  Bytes cluster_id = Bytes(32, 0xC1);
  Bytes node_tls = NewKey(Curve::kP256).public_key().spki();
  Bytes service_tls = NewKey(Curve::kP256).public_key().spki();
  // The secret of the credential that only the node's TPM can activate.
  std::string enrolment_secret = "credential secret";

  ServerIdentity Serving() const;   // generation 3
  ServerIdentity Awaiting() const;  // no key yet
  ClientPins Pins() const;

  // Clients that check the service's evidence and its image.
  ClientExchange Release();  // a node asks for its DEK
  ClientExchange Verify();   // an outsider, nothing pinned
  ClientExchange Init();     // an owner uploads to a server that holds no key
  Status CheckService(const ServerProof& proof) const;
};

// A server that checks its client's proof as a key service would. One per exchange.
class WorldServer final : public ServerExchange {
 public:
  explicit WorldServer(const ChannelWorld& world) : world_(world), identity_(world.Serving()) {}
  // An AWAITING_* server that takes an upload from the owner and answers with a new identity key.
  static std::unique_ptr<WorldServer> ForInit(const ChannelWorld& world);

  ServerIdentity Identity() override { return identity_; }
  StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) override;
  Status Activated() override;
  StatusOr<ServerAnswer> Answer() override;
  StatusOr<Bytes> IssueEvidence(const ReportData& report_data) override;
  StatusOr<UploadResult> Upload(SecretBytes uploaded) override;

  // Set before the exchange.
  bool enrol = false;
  bool expects_upload = false;
  std::string dek = "the data encryption key of node-2";
  std::string payload = "join documents";
  Status admit_error;
  std::function<void()> before_answer = [] {};
  // Seen in the exchange.
  std::optional<ClientRequest> admitted;
  bool activated = false;
  bool answered = false;
  std::string uploaded;

 private:
  const ChannelWorld& world_;
  ServerIdentity identity_;
};

struct Outcome {
  StatusOr<ExchangeResult> client;
  Status server;
};
inline constexpr char kTestCorrelationId[] = "0123456789abcdef";
// Runs both ends over the link, the server on a thread of its own.
Outcome RunBoth(ChannelWorld& world, const ClientExchange& client, ServerExchange& server,
                MemoryLink& link);
Outcome RunBoth(ChannelWorld& world, const ClientExchange& client, ServerExchange& server);

}  // namespace kedge::testing
