// A whole machine in memory: everything that a node's life touches, with reboots, power cuts and a
// program that can be cut off at any call.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attestation/model/testing/fake_tpm.h"
#include "attestation/model/testing/memory_event_log.h"
#include "bootstrapper/core/runner.h"
#include "bootstrapper/core/testing/fake_disk.h"
#include "bootstrapper/core/testing/fake_key_service.h"
#include "bootstrapper/core/testing/kill_switch.h"

namespace kedge::testing {

// What VerifyInvitation makes of the bytes: the invitation registered for exactly these.
class FakeHost final : public Machine {
 public:
  explicit FakeHost(KillSwitch& kill) : kill_(kill) {}
  StatusOr<Bytes> ReadInvitation() override;
  StatusOr<Invitation> VerifyInvitation(ByteView bytes) override;
  StatusOr<std::string> BootId() override;

  std::optional<Bytes> shown;              // what the host hands in now
  std::map<Bytes, Invitation> acceptable;  // owner-signed ones
  int boots = 1;

 private:
  KillSwitch& kill_;
};

class FakeFolder final : public Folder {
 public:
  explicit FakeFolder(KillSwitch& kill) : kill_(kill) {}
  StatusOr<std::optional<Bytes>> Read(const std::string& name, size_t max) override;
  Status Write(const std::string& name, ByteView content) override;
  Status WriteSecret(const std::string& name, const SecretBytes& content) override;

  std::map<std::string, Bytes> files;

 private:
  KillSwitch& kill_;
};

// Guards the calls of a TPM and its log, which outlive the program.
class GuardedTpm final : public Tpm {
 public:
  GuardedTpm(KillSwitch& kill, Tpm& tpm) : kill_(kill), tpm_(tpm) {}
  StatusOr<std::vector<PcrBank>> ActiveBanks() override;
  StatusOr<PcrValues> ReadPcrs(PcrBank bank, const std::vector<PcrIndex>& indices) override;
  Status Extend(const MeasuredEvent& event) override;
  StatusOr<Bytes> AttestationKeyPublic() override;
  StatusOr<Bytes> AttestationKeyCertificate() override;
  StatusOr<TpmQuote> Quote(PcrBank bank, const std::vector<PcrIndex>& indices,
                           const ReportData& extra_data) override;
  StatusOr<EndorsementKey> Endorsement() override;
  StatusOr<SecretBytes> ActivateCredential(const CredentialBlob& blob) override;
  StatusOr<Bytes> ReadNv(uint32_t index) override;
  StatusOr<std::optional<uint64_t>> ReadCounter() override;
  StatusOr<uint64_t> IncrementCounter() override;

 private:
  KillSwitch& kill_;
  Tpm& tpm_;
};

class GuardedEventLog final : public EventLog {
 public:
  GuardedEventLog(KillSwitch& kill, EventLog& log) : kill_(kill), log_(log) {}
  StatusOr<std::vector<MeasuredEvent>> Read() override;
  Status Append(const MeasuredEvent& event, const std::vector<PcrBank>& banks) override;

 private:
  KillSwitch& kill_;
  EventLog& log_;
};

class FakeNetwork final : public Network {
 public:
  explicit FakeNetwork(KillSwitch& kill) : kill_(kill) {}
  Status Configure(const std::string& network_file) override;
  std::string configured;

 private:
  KillSwitch& kill_;
};

class FakeUnits final : public UnitStarter {
 public:
  explicit FakeUnits(KillSwitch& kill) : kill_(kill) {}
  Status Start(const std::string& unit) override;
  std::vector<std::string> started;

 private:
  KillSwitch& kill_;
};

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1'800'000'000);
};

// Time passes only in Sleep.
class FakeTimer final : public Timer {
 public:
  explicit FakeTimer(KillSwitch& kill) : kill_(kill) {}
  absl::Duration Uptime() override { return uptime; }
  bool Sleep(absl::Duration duration) override;

  absl::Duration uptime = absl::Seconds(10);
  std::vector<absl::Duration> sleeps;
  size_t stop_after = 1000;  // sleeps; then the program is asked to stop

 private:
  KillSwitch& kill_;
};

// A fixed sequence; nothing that tests care for needs more.
class CountingRandom final : public Random {
 public:
  Status Fill(std::span<uint8_t> out) override;

 private:
  uint8_t next_ = 1;
};

class RecordingSink final : public EventSink {
 public:
  void Emit(const BootEvent& event) override { events.push_back(event); }
  // The console as a person saw it.
  std::string Console() const;
  std::vector<BootEvent> events;
};

class FakeMachine {
 public:
  // `role` kWorker: invited by the cluster of `service`. kControlPlane: the first node.
  explicit FakeMachine(std::string_view role);

  // One run of the program, as its unit would start it. Dead or stopped: CANCELLED.
  Status Run(Stage stage, RunOptions run_options = {});
  // All stages, each once.
  Status Boot();
  // Resets what a reboot resets; the disk and the key service stay.
  void PowerCut();

  KillSwitch kill;
  TestTpmCa ca;
  FakeTpm tpm;
  MemoryEventLog event_log;
  FakeHost host;
  FakeFolder run;
  FakeDisk disk;
  FakeKeyService service;
  FakeNetwork network;
  FakeUnits units;
  FakeClock clock;
  FakeTimer timer;
  CountingRandom random;
  RecordingSink sink;
  LifeOptions options;
  Invitation invitation;
  Bytes invitation_bytes;

 private:
  GuardedTpm guarded_tpm_;
  GuardedEventLog guarded_log_;
  Ports ports_;
};

}  // namespace kedge::testing
