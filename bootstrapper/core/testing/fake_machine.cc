#include "bootstrapper/core/testing/fake_machine.h"

#include <absl/strings/str_cat.h>

namespace kedge::testing {

StatusOr<Bytes> FakeHost::ReadInvitation() {
  return kill_.Guard([&]() -> StatusOr<Bytes> {
    if (!shown) return Refused("NO_INVITATION", "the host hands in none");
    return *shown;
  });
}

StatusOr<Invitation> FakeHost::VerifyInvitation(ByteView bytes) {
  const auto found = acceptable.find(ToBytes(bytes));
  if (found == acceptable.end()) return Refused("INVITATION_NOT_ACCEPTED", "not owner-signed");
  return found->second;
}

StatusOr<std::string> FakeHost::BootId() {
  return kill_.Guard([&]() -> StatusOr<std::string> { return absl::StrCat("boot-", boots); });
}

StatusOr<std::optional<Bytes>> FakeFolder::Read(const std::string& name, size_t max) {
  return kill_.Guard([&]() -> StatusOr<std::optional<Bytes>> {
    const auto found = files.find(name);
    if (found == files.end()) return std::nullopt;
    if (found->second.size() > max) return Internal("too large");
    return found->second;
  });
}

Status FakeFolder::Write(const std::string& name, ByteView content) {
  return kill_.Guard([&]() -> Status {
    files[name] = ToBytes(content);
    return absl::OkStatus();
  });
}

Status FakeFolder::WriteSecret(const std::string& name, const SecretBytes& content) {
  return content.Reveal([&](ByteView bytes) { return Write(name, bytes); });
}

StatusOr<std::vector<PcrBank>> GuardedTpm::ActiveBanks() {
  return kill_.Guard([&] { return tpm_.ActiveBanks(); });
}
StatusOr<PcrValues> GuardedTpm::ReadPcrs(PcrBank bank, const std::vector<PcrIndex>& indices) {
  return kill_.Guard([&] { return tpm_.ReadPcrs(bank, indices); });
}
Status GuardedTpm::Extend(const MeasuredEvent& event) {
  return kill_.Guard([&] { return tpm_.Extend(event); });
}
StatusOr<Bytes> GuardedTpm::AttestationKeyPublic() { return tpm_.AttestationKeyPublic(); }
StatusOr<Bytes> GuardedTpm::AttestationKeyCertificate() { return tpm_.AttestationKeyCertificate(); }
StatusOr<TpmQuote> GuardedTpm::Quote(PcrBank bank, const std::vector<PcrIndex>& indices,
                                     const ReportData& extra_data) {
  return tpm_.Quote(bank, indices, extra_data);
}
StatusOr<EndorsementKey> GuardedTpm::Endorsement() { return tpm_.Endorsement(); }
StatusOr<SecretBytes> GuardedTpm::ActivateCredential(const CredentialBlob& blob) {
  return tpm_.ActivateCredential(blob);
}

StatusOr<Bytes> GuardedTpm::ReadNv(uint32_t index) { return tpm_.ReadNv(index); }

StatusOr<std::optional<uint64_t>> GuardedTpm::ReadCounter() {
  return kill_.Guard([&] { return tpm_.ReadCounter(); });
}
StatusOr<uint64_t> GuardedTpm::IncrementCounter() {
  return kill_.Guard([&] { return tpm_.IncrementCounter(); });
}

StatusOr<std::vector<MeasuredEvent>> GuardedEventLog::Read() {
  return kill_.Guard([&] { return log_.Read(); });
}
Status GuardedEventLog::Append(const MeasuredEvent& event, const std::vector<PcrBank>& banks) {
  return kill_.Guard([&] { return log_.Append(event, banks); });
}

Status FakeNetwork::Configure(const std::string& network_file) {
  return kill_.Guard([&]() -> Status {
    configured = network_file;
    return absl::OkStatus();
  });
}

Status FakeUnits::Start(const std::string& unit) {
  return kill_.Guard([&]() -> Status {
    started.push_back(unit);
    return absl::OkStatus();
  });
}

bool FakeTimer::Sleep(absl::Duration duration) {
  if (kill_.dead()) return false;
  sleeps.push_back(duration);
  uptime += duration;
  return sleeps.size() < stop_after;
}

Status CountingRandom::Fill(std::span<uint8_t> out) {
  for (uint8_t& byte : out) byte = next_ = static_cast<uint8_t>(next_ * 5 + 3);
  return absl::OkStatus();
}

std::string RecordingSink::Console() const {
  std::string all;
  for (const BootEvent& event : events) {
    const std::string line = ConsoleLine(event);
    if (!line.empty()) absl::StrAppend(&all, line, "\n");
  }
  return all;
}

FakeMachine::FakeMachine(std::string_view role)
    : tpm(ca),
      host(kill),
      run(kill),
      disk(kill),
      service(kill, tpm, event_log),
      network(kill),
      units(kill),
      timer(kill),
      guarded_tpm_(kill, tpm),
      guarded_log_(kill, event_log),
      ports_{.machine = host,
             .run = run,
             .state = disk,
             .tpm = guarded_tpm_,
             .event_log = guarded_log_,
             .disk = disk,
             .key_service = service,
             .network = network,
             .units = units,
             .clock = clock,
             .timer = timer,
             .random = random,
             .events = sink} {
  options.build_time = absl::FromUnixSeconds(1'700'000'000);
  invitation = {.node = role == kWorker ? "node-2" : "node-1",
                .role = std::string(role),
                .address = "192.168.77.12/24",
                .issue_time = absl::FromUnixSeconds(1'750'000'000)};
  if (role == kWorker) {
    invitation.cluster_id = service.cluster_id;
    invitation.service_key_spki = service.service_key_spki;
    invitation.endpoints = {"192.168.77.11:7443", "192.168.77.13:7443"};
  }
  invitation_bytes = ToBytes(absl::StrCat("signed invitation of ", invitation.node));
  host.acceptable[invitation_bytes] = invitation;
  host.shown = invitation_bytes;
}

Status FakeMachine::Run(Stage stage, RunOptions run_options) {
  Node node(ports_, options);
  return RunStage(stage, node, run_options);
}

Status FakeMachine::Boot() {
  for (const Stage stage : {Stage::kMeasure, Stage::kInitrd, Stage::kJoin}) {
    RETURN_IF_ERROR(Run(stage));
  }
  return absl::OkStatus();
}

void FakeMachine::PowerCut() {
  kill.Revive();
  tpm.Reset();
  event_log.Clear();
  run.files.clear();
  disk.PowerCut();
  units.started.clear();
  network.configured.clear();
  timer.uptime = absl::Seconds(10);
  ++host.boots;
}

}  // namespace kedge::testing
