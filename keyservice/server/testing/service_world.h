// A key service with its machine, its disks and its clients, in one process: real stores, real
// sessions, a TPM in software. Reboots and restarts at will.
#pragma once

#include <absl/synchronization/mutex.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "attestation/issue/testing/fake_node.h"
#include "base/clock.h"
#include "crypto/system_random.h"
#include "keyservice/core/testing/test_cluster.h"
#include "keyservice/server/key_service.h"
#include "keyservice/server/testing/memory_vault.h"
#include "keyservice/server/testing/test_client.h"
#include "keyservice/store/testing/temporary_directory.h"

namespace kedge::testing {

inline const absl::Time kOwnersNow = absl::FromUnixSeconds(1'780'000'000);

class SettableClock final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = kOwnersNow;
};

struct WorldOptions {
  bool invited = true;  // the first node has an invitation that names its owner
  absl::Time build_time = absl::UnixEpoch();  // of the measured image
  CollateralSource* collateral = nullptr;
};

class ServiceWorld {
 public:
  explicit ServiceWorld(WorldOptions options = {});

  // ---- The machine ----
  // Power on: the TPM is reset, /run and the keyring are empty; the disk shows `disk`.
  void Boot(StateDiskContent disk);
  Status TryBoot(StateDiskContent disk);
  // The service again in the same boot, as a new process.
  Status RestartService();
  // The bootstrapper has opened the disk and mounted it.
  Status OpenDisk();
  // What a host can do to disks.
  void CopyDiskTo(const ServiceWorld& other) const;
  void WipeDisk() const;
  // A copy of the disk's records, under a name; and that copy in the disk's place.
  void KeepDiskAs(const std::string& name) const;
  void PutDiskBack(const std::string& name) const;
  void DamageDisk(const std::string& file) const;
  // /run is gone, though the machine runs on.
  void LoseRun();

  // ---- The parties ----
  keyservice::KeyService& service() { return *service_; }
  TestClient& client() { return client_; }
  FakeNode& coordinator() { return coordinator_; }
  MemoryVault& vault() { return vault_; }
  const TestTpmCa& ca() const { return ca_; }
  const SigningKey& owner() const { return TestOwnerKey(); }
  const Bytes& manifest() const { return manifest_; }
  Bytes CoordinatorId();
  // The correlation id of the last exchange.
  std::string last_correlation_id() const {
    const absl::MutexLock lock(&mutex_);
    return last_correlation_id_;
  }
  Random& random() { return random_; }
  absl::Time now() const { return clock_.now; }
  // What a host can do to the machine's clock. The owner's own stays at kOwnersNow.
  void SetClock(absl::Time now) { clock_.now = now; }
  // The world's manifest with a change.
  Bytes ManifestWith(const std::function<void(ManifestTerms&)>& change) const;
  Manifest Parse(ByteView manifest) const;

  // Init by the owner; sets the client's pins. Kept for Recover.
  Status Init();
  Status InitWith(Bytes manifest);
  const TestInit& init() const { return *init_; }
  SecretBytes Seed() const;  // from the owner's seed share
  StatusOr<Bytes> Recover();

  // ---- Nodes ----
  // Measures what a node measures before it asks: its invitation and the cluster's id.
  NodeAsk AskOfCoordinator();
  // Invited by the owner, booted and measured.
  NodeAsk AskOf(FakeNode& node, const std::string& name, const std::string& role = "worker");
  // What a node measures when it leaves the initrd: its role, and the cap.
  static Status Cap(FakeNode& node);
  // The server's first answer to a request, without a client in front that would not even ask.
  Status AdmitDirectly(const v1::Request& request, ProofType proof, const Bytes& payload = {});
  Bytes InvitationFor(const std::string& name, const std::string& role) const;
  Bytes InvitationFor(const std::string& name, const std::string& role,
                      const SigningKey& owner) const;

 private:
  StatusOr<ExchangeResult> Run(const ClientExchange& exchange);
  std::string NewCorrelationId();
  Status StartService();
  std::string DiskPath() const { return directory_.path() + "/state-disk"; }
  std::string RunPath() const { return directory_.path() + "/run"; }

  const WorldOptions options_;
  const TemporaryDirectory directory_;
  SystemRandom random_;
  SettableClock clock_;
  TestTpmCa ca_;
  FakeNode coordinator_{ca_};
  MemoryVault vault_;
  Bytes manifest_;
  Bytes first_invitation_;
  StateDiskContent disk_ = StateDiskContent::kBlank;
  std::unique_ptr<AttachableStore> store_;
  std::unique_ptr<keyservice::KeyService> service_;
  mutable absl::Mutex mutex_;
  std::string last_correlation_id_ ABSL_GUARDED_BY(mutex_);
  uint64_t exchanges_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<TestInit> init_;
  TestClient client_{[this](const ClientExchange& exchange) { return Run(exchange); }};
};

}  // namespace kedge::testing
