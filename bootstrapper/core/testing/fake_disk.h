// A state disk and its file system in memory: obeys the disk's state machine, keeps its content
// over reboots, and can be left half-formatted.
#pragma once

#include <algorithm>
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
                                uint64_t disk_counter,
                                const std::function<void(int)>& progress) override;
  StatusOr<OpenedDisk> Open(const SecretBytes& dek, const DiskBinding& binding,
                            const DiskCounters& counters, const ContentCheck& check) override;
  // Cut off between the two copies of the header, the first one counts.
  StatusOr<OpenedDisk> Advance(const SecretBytes& dek, const DiskBinding& binding,
                               const DiskCounters& counters) override;
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

  // What a host can keep and put back while the machine is off.
  struct Image {
    DiskContent content = DiskContent::kBlank;
    std::map<std::string, Bytes> files{};
    bool has_marker = false;
    Bytes key_tag{};
    Sha256Digest header_digest{};
    uint64_t first_copy = 0;  // the counter in each copy of the header
    uint64_t second_copy = 0;
  };
  Image Copy() const;
  void PutBack(const Image& image);
  // The header alone.
  void PutHeaderBack(const Image& image);
  uint64_t counter() const { return std::max(first_copy_, second_copy_); }
  bool header_is_whole() const { return first_copy_ == second_copy_; }
  int advances = 0;  // that changed the header

  int formats = 0;                  // formats that touched the disk
  std::optional<Status> fail_open;  // what Open says instead
  DiskContent content = DiskContent::kBlank;
  std::map<std::string, Bytes> files;  // in the file system

 private:
  Status CheckHeader(const SecretBytes& dek, const DiskBinding& binding,
                     const DiskCounters& counters) const;
  Bytes KeyTag(const SecretBytes& dek, const DiskBinding& binding) const;

  KillSwitch& kill_;
  bool mounted_ = false;
  bool has_marker_ = false;
  Bytes key_tag_;
  Sha256Digest header_digest_{};
  uint64_t first_copy_ = 0;
  uint64_t second_copy_ = 0;
};

}  // namespace kedge::testing
