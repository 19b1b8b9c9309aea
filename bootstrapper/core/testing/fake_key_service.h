// A key service with its registry: a small state machine that looks at the node's real PCRs before
// it answers, and can be told to be away or to refuse.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "attestation/model/testing/memory_event_log.h"
#include "bootstrapper/core/ports.h"
#include "bootstrapper/core/testing/kill_switch.h"
#include "crypto/ecdsa.h"

namespace kedge::testing {

enum class RegistryState { kUnknown, kFormatting, kFormatted, kJoined };

class FakeKeyService final : public KeyReleaser {
 public:
  // `tpm` and `log` are the asking node's.
  FakeKeyService(KillSwitch& kill, Tpm& tpm, MemoryEventLog& log);

  StatusOr<ServiceIdentity> Discover(const std::string& endpoint) override;
  StatusOr<Release> GetRelease(const KeyServiceAddress& service, const ReleaseAsk& ask) override;
  Status Report(const KeyServiceAddress& service, const ReportAsk& ask) override;

  // What happens in the world as a key is on its way.
  std::function<void()> on_release = [] {};
  // The next calls are answered with these, one each.
  std::deque<Status> answers;
  // Every call that reached it: "discover 127.0.0.1:7443", "release 10.0.0.1:7443" …
  std::vector<std::string> calls;
  RegistryState registry = RegistryState::kUnknown;
  Sha256Digest formatted_header{};
  Bytes cluster_id;
  Bytes service_key_spki;
  std::string ca_pem;
  int format_orders = 0;
  // Of the node's disk: acknowledged last, and granted since (0: nothing).
  uint64_t disk_counter = 0;
  uint64_t next_disk_counter = 0;
  bool disk_accepted = false;  // by the owner
  bool tpm_counter_behind = false;

 private:
  Status Enter(const std::string& call);
  Status GrantCounter(const ReleaseAsk& ask);
  Status AcknowledgeCounter(const ReportAsk& ask);
  // What the service's appraisal would find: the cluster id in PCR 15, no cap in PCR 14.
  Status CheckNode(const KeyServiceAddress& service, bool capped_allowed);

  KillSwitch& kill_;
  Tpm& tpm_;
  MemoryEventLog& log_;
};

}  // namespace kedge::testing
