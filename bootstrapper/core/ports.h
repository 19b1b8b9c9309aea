// What the life of a node needs from outside: owned here, implemented by bootstrapper/host,
// bootstrapper/join, attestation/tpm and storage/luks, and by the fakes of testing/.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

#include "attestation/model/event_log.h"
#include "attestation/model/tpm.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "bootstrapper/core/boot_event.h"
#include "bootstrapper/core/invitation.h"
#include "crypto/digest.h"
#include "storage/core/state_disk.h"

namespace kedge {

// The machine around the node.
class Machine {
 public:
  virtual ~Machine() = default;
  // The invitation as the host hands it in: hostile, at most kMaxInvitationSize bytes, and possibly
  // another one at the next call. Fault NO_INVITATION where there is none.
  virtual StatusOr<Bytes> ReadInvitation() = 0;
  // Parses strictly, verifies the owner's signature and checks that every value makes sense; pure.
  // Faults MALFORMED, INVITATION_NOT_ACCEPTED.
  virtual StatusOr<Invitation> VerifyInvitation(ByteView bytes) = 0;
  // Random for every boot, the same throughout one boot.
  virtual StatusOr<std::string> BootId() = 0;
};

// A folder of small files that only root reads. Names are relative and may have one level of
// folders ("pki/node.key"), made when needed. Writes are atomic and durable.
class Folder {
 public:
  virtual ~Folder() = default;
  // nullopt where the file does not exist.
  virtual StatusOr<std::optional<Bytes>> Read(const std::string& name, size_t max) = 0;
  virtual Status Write(const std::string& name, ByteView content) = 0;
  virtual Status WriteSecret(const std::string& name, const SecretBytes& content) = 0;
};

// The file system of the state disk. What is in it was authenticated by the disk's key.
class StateFolder : public Folder {
 public:
  // Mounted in this boot: only StateDisk::Open ever does that, after all of its checks.
  virtual StatusOr<bool> Mounted() = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  // Writes the systemd.network(5) file and starts the network; does not wait for an address.
  virtual Status Configure(const std::string& network_file) = 0;
};

class UnitStarter {
 public:
  virtual ~UnitStarter() = default;
  // Returns when the unit's job is done. Fault UNIT_NOT_STARTED.
  virtual Status Start(const std::string& unit) = 0;
};

// Where the key service is and how it is known.
struct KeyServiceAddress {
  std::string endpoint{};  // "host:port"; reachability only
  Bytes cluster_id{};
  Bytes service_key_spki{};
  uint64_t minimum_generation = 0;
  // The first node's own key service over loopback: its evidence must come from this very TPM.
  // Otherwise it is appraised against the invitation's control-plane images.
  bool same_machine = false;
};

struct ServiceIdentity {
  Bytes cluster_id{};
  Bytes service_key_spki{};
};

struct ReleaseAsk {
  std::string node{};
  std::string role{};
  Bytes invitation{};  // the whole file as measured
  DiskContent disk_content = DiskContent::kForeign;
  Sha256Digest header_digest{};
  uint64_t disk_counter = 0;  // as the header shows it; for kLuks2
};

enum class DiskOrder { kFormat, kOpen };

struct Release {
  SecretBytes dek{};
  uint32_t dek_generation = 1;
  DiskOrder order = DiskOrder::kOpen;
  // What the disk's header may show, and where this boot takes it.
  DiskCounters counters{};
  // The owner takes the disk for this node's, whatever else on it and in the TPM says otherwise.
  bool disk_accepted = false;
  SecretBytes node_key_pem{};  // made for this release; its certificate is below
  std::string node_certificate_pem{};
  std::string ca_certificate_pem{};
  Sha256Digest manifest_digest{};
  uint64_t manifest_generation = 0;
};

struct ReportAsk {
  std::string node{};
  std::string role{};
  Bytes invitation{};
  std::string state{};  // "FORMATTED", "ADVANCED", "JOINED"
  Sha256Digest header_digest{};
  uint64_t disk_counter = 0;        // where the disk is now
  bool tpm_counter_behind = false;  // a warning for the owner
};

// The key service as a node sees it. Each call is one attested exchange with a deadline of its own.
// A refusal carries the service's fault code, and its correlation id in the message.
class KeyReleaser {
 public:
  virtual ~KeyReleaser() = default;
  // Who answers there, by its own word. Faults AWAITING_INIT and AWAITING_SEED (retry).
  virtual StatusOr<ServiceIdentity> Discover(const std::string& endpoint) = 0;
  virtual StatusOr<Release> GetRelease(const KeyServiceAddress& service, const ReleaseAsk& ask) = 0;
  virtual Status Report(const KeyServiceAddress& service, const ReportAsk& ask) = 0;
};

// Passing time.
class Timer {
 public:
  virtual ~Timer() = default;
  // Since the machine started; never goes back.
  virtual absl::Duration Uptime() = 0;
  // false where the program was asked to stop before the time was over.
  virtual bool Sleep(absl::Duration duration) = 0;
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Emit(const BootEvent& event) = 0;
};

struct Ports {
  Machine& machine;
  Folder& run;         // /run/kedge: gone after this boot
  StateFolder& state;  // on the state disk
  Tpm& tpm;
  EventLog& event_log;
  StateDisk& disk;
  KeyReleaser& key_service;
  Network& network;
  UnitStarter& units;
  const Clock& clock;
  Timer& timer;
  Random& random;
  EventSink& events;
};

}  // namespace kedge
