// The owner's side of a key service: each call is one or two attested exchanges.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "attestation/channel/exchange.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/ecdsa.h"
#include "keyservice/client/service_check.h"
#include "keyservice/client/service_status.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/manifest_update.h"
#include "keyservice/core/node_command.h"
#include "keyservice/core/receipt.h"
#include "keyservice/core/seed_share.h"

namespace kedge::client {

// The policy of `manifest` for the machines that run its key service. Fault ROLE_NOT_ALLOWED where
// the manifest has no control planes.
StatusOr<ServicePolicy> PolicyOf(const Manifest& manifest, BootPhase phase,
                                 std::vector<std::optional<ClusterId>> cluster_ids);

// What the owner already holds of a cluster.
ClientPins PinsOf(const Receipt& receipt);

struct InitOutcome {
  SeenService service;
  Receipt receipt;
  std::vector<SeedShare> seed_shares;
  std::string ca_certificate_pem;
  bool trust_on_first_use = false;  // the machine had no invitation that names the owner
};

// A manifest on its way to a service, with owners' signatures for this one step.
struct ManifestUpdate {
  const Manifest& next;
  Transition step;  // not signed by the seed
  std::vector<OwnerProof> approvals;
  std::vector<std::string> allow;  // codes of lock-out risks that are meant
  std::vector<Sha256Digest> tested_share_keys;
  bool dry_run = false;
};

struct RecoverOutcome {
  SeenService service;
  std::optional<Receipt> receipt;  // verified; the owner keeps it where it is fresher
};

// Carries one exchange to the service: RunExchange in programs, a stream in memory in tests.
using ExchangeRunner = std::function<StatusOr<ExchangeResult>(const ClientExchange&)>;

// Blocking; one thread. Errors are the service's refusals with their fault codes, or this side's
// own verdict: SERVICE_NOT_TRUSTED, AK_NOT_BOUND, MACHINE_CHANGED, ANSWER_NOT_CONSISTENT, and those
// of verification.
class KeyServiceClient {
 public:
  KeyServiceClient(ExchangeRunner run, const Clock& clock, Random& random)
      : run_(std::move(run)), clock_(clock), random_(random) {}

  // Who answers, and its evidence over a fresh nonce. The AK is not bound yet.
  StatusOr<SeenService> Learn(const ServicePolicy& policy, const ClientPins& pins);
  // A second look at the machine in `learnt`, which must now show that its AK and EK are one TPM's.
  StatusOr<SeenService> Prove(const ServicePolicy& policy, const ClientPins& pins,
                              const SeenService& learnt);

  // Makes the cluster in the machine `learnt`. Everything that comes back is checked against the
  // manifest, the machine and itself.
  StatusOr<InitOutcome> Init(const Manifest& manifest, const SigningKey& owner,
                             const ServicePolicy& policy, const SeenService& learnt);

  // Hands `seed` to the machine `learnt`, once it has proved itself. The service must then sign
  // under the cluster's identity key of `receipt`. `accept_disk_counter`: the owner takes the
  // coordinator's disk that shows this counter, whatever the receipt says.
  StatusOr<RecoverOutcome> Recover(const Manifest& manifest, const Receipt& receipt, ByteView salt,
                                   const SecretBytes& seed, const SigningKey& owner,
                                   const ServicePolicy& policy, const SeenService& learnt,
                                   std::optional<uint64_t> accept_disk_counter = std::nullopt);

  // The owner's view of the cluster; a receipt in it is verified under the pinned key. Without pins
  // only a service that waits for its owner answers.
  StatusOr<ServiceStatus> GetStatus(const ClientPins& pins, const SigningKey& owner,
                                    const ServicePolicy& policy);

  // Orders `command` about a node, at a service that serves the cluster of `pins`. The answer says
  // what the node is now.
  StatusOr<NodeCommandResult> CommandNode(const NodeCommand& command, const ClientPins& pins,
                                          const SigningKey& owner, const ServicePolicy& policy);

  // Sends `update` to the service that serves the cluster of `pins`; what comes back is about this
  // very manifest, and its receipt verified. Takes no owner key: the approvals say who wants it.
  StatusOr<SetManifestResult> SetManifest(const ManifestUpdate& update, const ClientPins& pins,
                                          const ServicePolicy& policy);
  // Takes back the update that waits; the status after it.
  StatusOr<ServiceStatus> CancelUpdate(const Sha256Digest& manifest_digest, const ClientPins& pins,
                                       const SigningKey& owner, const ServicePolicy& policy);

 private:
  struct Credential;
  struct Answer {
    ExchangeResult result;
    SeenService service;
  };
  // Runs `exchange`; `check` has the last word on the service before anything of value moves.
  StatusOr<Answer> Run(ClientExchange exchange, const ServicePolicy& policy,
                       const SecretBytes* credential_secret,
                       const std::function<Status(const SeenService&)>& check);
  StatusOr<ServiceStatus> AskForStatus(ClientExchange exchange, const ServicePolicy& policy);
  StatusOr<Credential> MakeCredentialFor(const SeenService& learnt);

  const ExchangeRunner run_;
  const Clock& clock_;
  Random& random_;
};

// Whether `share`, opened with `key`, gives the cluster of `receipt` and its CA: the owner's
// backup, tested. Faults SHARE_NOT_FOR_THIS_KEY and ANSWER_NOT_CONSISTENT.
Status CheckShare(const SeedShare& share, const RsaPrivateKey& key, const Receipt& receipt,
                  std::string_view ca_certificate_pem);

}  // namespace kedge::client
