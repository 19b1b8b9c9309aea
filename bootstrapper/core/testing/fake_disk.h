// A state disk and its file system in memory: obeys the disk's state machine, keeps its content
// over reboots, and can be left half-formatted.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "bootstrapper/core/ports.h"
#include "bootstrapper/core/testing/kill_switch.h"

namespace kedge::testing {

class FakeDisk final : public StateDisk, public StateFolder {
 public:
  explicit FakeDisk(KillSwitch& kill) : kill_(kill) {}

  // StateDisk.
  StatusOr<DiskInspection> Inspect() override;
  StatusOr<Sha256Digest> Format(const SecretBytes& dek, const DiskBinding& binding,
                                const std::function<void(int)>& progress) override;
  StatusOr<Sha256Digest> Open(const SecretBytes& dek, const DiskBinding& binding) override;
  Status Close() override;

  // StateFolder.
  StatusOr<std::optional<Bytes>> Read(const std::string& name, size_t max) override;
  Status Write(const std::string& name, ByteView content) override;
  Status WriteSecret(const std::string& name, const SecretBytes& content) override;
  StatusOr<bool> Mounted() override;

  // The machine loses its power: content stays.
  void PowerCut() { mounted_ = false; }

  // Formatted to the end.
  bool complete() const { return has_marker_; }

  int formats = 0;                  // formats that touched the disk
  std::optional<Status> fail_open;  // what Open says instead
  DiskContent content = DiskContent::kBlank;
  std::map<std::string, Bytes> files;  // in the file system

 private:
  Bytes KeyTag(const SecretBytes& dek, const DiskBinding& binding) const;

  KillSwitch& kill_;
  bool mounted_ = false;
  bool has_marker_ = false;
  Bytes key_tag_;
  Sha256Digest header_digest_{};
};

}  // namespace kedge::testing
