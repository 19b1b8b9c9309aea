// The state disk through libcryptsetup and device-mapper (design: Protocol, "State disk").
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/host/user_key.h"
#include "storage/core/luks_header.h"
#include "storage/core/state_disk.h"

namespace kedge {

// Where an Open leaves the key of the extent record of the disk that it maps as `mapping`, for
// GrowStateDisk after switch-root. It can make such records and nothing else.
UserKey ExtentKeyInKernel(const std::string& mapping);

// How a disk becomes usable, and what a power cut leaves:
//   Format clears the header, builds the new one in memory, writes zeros and their tags to the
//   beginning of the data area through it, makes the file system in that part with its marker, and
//   writes the header to the disk last. Until that one write the disk reads as blank. The rest is
//   GrowStateDisk's, later.
//   Open reads the header once, judges that copy, and gives libcryptsetup only that copy, sealed in
//   memory.
//   Advance takes the extent record to the next counter, then writes one copy of the header after
//   the other, each durable before the next.
// Something is mounted at the mount point only after every check of Open: until then the file
// system is mounted at `mount_point`.unverified, read-only, where nobody looks for it. Needs /proc,
// /dev/mapper/control and the modules dm_crypt, dm_integrity, authenc, hmac, xts, ext4.
//
// Thread-safe; calls are serialised and block.
class LuksStateDisk final : public StateDisk {
 public:
  struct Options {
    std::string device = "/dev/disk/by-id/virtio-kedge-state";
    std::string mapping = "kedge-state";
    std::string mount_point = "/run/kedge/state";
    // The initrd has none of its own and takes the one of the verified root.
    std::vector<std::string> mkfs_programs = {"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4",
                                              "/sysroot/usr/sbin/mkfs.ext4"};
    // Called after each copy of the header that an advance has made durable; lets a test cut the
    // power there.
    std::function<void()> on_header_write = [] {};
  };

  explicit LuksStateDisk(Options options);

  StatusOr<DiskInspection> Inspect() override;
  StatusOr<Sha256Digest> Format(const SecretBytes& dek, const DiskBinding& binding,
                                uint64_t disk_counter,
                                const std::function<void(int)>& progress) override;
  StatusOr<OpenedDisk> Open(const SecretBytes& dek, const DiskBinding& binding,
                            const DiskCounters& counters, const ContentCheck& check) override;
  StatusOr<OpenedDisk> Advance(const SecretBytes& dek, const DiskBinding& binding,
                               const DiskCounters& counters) override;
  Status Close() override;

 private:
  StatusOr<Sha256Digest> FormatHere(const SecretBytes& dek, const DiskBinding& binding,
                                    uint64_t disk_counter, const std::function<void(int)>& progress)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<OpenedDisk> OpenHere(const SecretBytes& dek, const DiskBinding& binding,
                                const DiskCounters& counters, const ContentCheck& check)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  StatusOr<OpenedDisk> AdvanceHere(const SecretBytes& dek, const DiskBinding& binding,
                                   const DiskCounters& counters)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The file system behind a verified header, mounted read-only at the unverified mount point: its
  // marker, then `check`.
  Status CheckContent(const VerifiedHeader& header, const StateDiskKeys& keys,
                      const DiskBinding& binding, const ContentCheck& check)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Status CloseHere() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What a call that was killed left behind; DISK_BUSY where the disk is in use.
  Status ClearLeftovers(dev_t disk) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The device with the file system: over the prepared extent, or the opened device itself on a
  // disk of format 1 or 2.
  std::string FileSystemPath(const VerifiedHeader& header) const;
  std::string UnverifiedMountPoint() const { return options_.mount_point + ".unverified"; }
  std::string MarkerPath() const;

  const Options options_;
  absl::Mutex mutex_;
};

}  // namespace kedge
