#include "bootstrapper/core/testing/fake_key_service.h"

#include <algorithm>

#include "crypto/x509.h"

namespace kedge::testing {

FakeKeyService::FakeKeyService(KillSwitch& kill, Tpm& tpm, MemoryEventLog& log)
    : cluster_id(32, 0xC1), kill_(kill), tpm_(tpm), log_(log) {
  const SigningKey key = SigningKey::Generate(Curve::kP256).value();
  service_key_spki = key.public_key().spki();
  ca_pem = CaCertificate(key, "test CA",
                         {.not_before = absl::FromUnixSeconds(1'600'000'000),
                          .not_after = absl::FromUnixSeconds(2'600'000'000)})
               .value();
}

Status FakeKeyService::Enter(const std::string& call) {
  calls.push_back(call);
  if (answers.empty()) return absl::OkStatus();
  const Status answer = answers.front();
  answers.pop_front();
  return answer;
}

Status FakeKeyService::CheckNode(const KeyServiceAddress& service, bool capped_allowed) {
  if (service.cluster_id != cluster_id || service.service_key_spki != service_key_spki) {
    return Refused("WRONG_CLUSTER", "pins of another cluster");
  }
  ASSIGN_OR_RETURN(const PcrValues pcrs,
                   tpm_.ReadPcrs(PcrBank::kSha256, {kNodePcr, kClusterIdPcr}));
  const MeasuredEvent expected = ClusterIdEvent(*ToArray<32>(cluster_id));
  if (pcrs.at(kClusterIdPcr) !=
      ExtendedPcr(PcrBank::kSha256, ZeroPcr(PcrBank::kSha256), expected.content)) {
    return Refused("CLUSTER_ID_NOT_MEASURED", "PCR 15 is not this cluster's id");
  }
  if (pcrs.at(kNodePcr) != ReplayPcr(PcrBank::kSha256, kNodePcr, log_.events())) {
    return Refused("LOG_REPLAY", "the log does not replay to PCR 14");
  }
  const auto& events = log_.events();
  const bool capped = std::find(events.begin(), events.end(), CapEvent()) != events.end();
  if (capped && !capped_allowed) return Refused("CAPPED", "no key after the cap");
  return absl::OkStatus();
}

StatusOr<ServiceIdentity> FakeKeyService::Discover(const std::string& endpoint) {
  return kill_.Guard([&]() -> StatusOr<ServiceIdentity> {
    RETURN_IF_ERROR(Enter("discover " + endpoint));
    return ServiceIdentity{.cluster_id = cluster_id, .service_key_spki = service_key_spki};
  });
}

StatusOr<Release> FakeKeyService::GetRelease(const KeyServiceAddress& service,
                                             const ReleaseAsk& ask) {
  return kill_.Guard([&]() -> StatusOr<Release> {
    RETURN_IF_ERROR(Enter("release " + service.endpoint));
    RETURN_IF_ERROR(CheckNode(service, /*capped_allowed=*/false));
    const bool has_disk =
        registry == RegistryState::kFormatted || registry == RegistryState::kJoined;
    if (has_disk && ask.disk_content == DiskContent::kBlank) {
      return Refused("DISK_BLANK", "this node had a formatted disk");
    }
    if (!has_disk) {
      registry = RegistryState::kFormatting;
      ++format_orders;
    }
    if (has_disk) RETURN_IF_ERROR(GrantCounter(ask));
    if (next_disk_counter == 0) next_disk_counter = disk_counter + 1;
    Release release;
    release.counters = {.acknowledged = disk_counter, .next = next_disk_counter};
    release.disk_accepted = disk_accepted;
    ASSIGN_OR_RETURN(release.dek, SecretBytes::CopyOf(Bytes(32, 0xDE)));
    release.order = has_disk ? DiskOrder::kOpen : DiskOrder::kFormat;
    ASSIGN_OR_RETURN(release.node_key_pem, SecretBytes::CopyOf(AsBytes("NODE KEY")));
    release.node_certificate_pem = "NODE CERTIFICATE";
    release.ca_certificate_pem = ca_pem;
    release.manifest_digest.fill(0x3A);
    release.manifest_generation = 1;
    on_release();
    return release;
  });
}

Status FakeKeyService::GrantCounter(const ReleaseAsk& ask) {
  if (ask.disk_counter == disk_counter) return absl::OkStatus();
  if (next_disk_counter != 0 && ask.disk_counter == next_disk_counter) return absl::OkStatus();
  return Refused("STALE_DISK", "00112233aabbccdd: another counter");
}

Status FakeKeyService::AcknowledgeCounter(const ReportAsk& ask) {
  tpm_counter_behind = ask.tpm_counter_behind;
  if (ask.disk_counter == disk_counter) return absl::OkStatus();
  if (next_disk_counter == 0 || ask.disk_counter != next_disk_counter) {
    return Refused("DISK_COUNTER", "never granted");
  }
  disk_counter = next_disk_counter;
  next_disk_counter = 0;
  disk_accepted = false;
  return absl::OkStatus();
}

Status FakeKeyService::Report(const KeyServiceAddress& service, const ReportAsk& ask) {
  return kill_.Guard([&]() -> Status {
    RETURN_IF_ERROR(Enter("report-" + ask.state + " " + service.endpoint));
    RETURN_IF_ERROR(CheckNode(service, /*capped_allowed=*/ask.state == "JOINED"));
    if (ask.state != "JOINED") RETURN_IF_ERROR(AcknowledgeCounter(ask));
    if (ask.state == "ADVANCED") return absl::OkStatus();
    if (ask.state == "FORMATTED") {
      if (registry == RegistryState::kJoined) return absl::OkStatus();
      registry = RegistryState::kFormatted;
      formatted_header = ask.header_digest;
      return absl::OkStatus();
    }
    if (registry != RegistryState::kFormatted && registry != RegistryState::kJoined) {
      return Refused("NOT_FORMATTED", "joined before formatted");
    }
    if (ask.header_digest != formatted_header) return Refused("HEADER_DIGEST", "another disk");
    registry = RegistryState::kJoined;
    return absl::OkStatus();
  });
}

}  // namespace kedge::testing
