#include "tests/powercut/recording.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include "base/host/files.h"
#include "storage/luks/block_disk.h"
#include "storage/luks/disk_grower.h"
#include "storage/luks/errno_status.h"
#include "storage/luks/luks_state_disk.h"
#include "storage/luks/unique_fd.h"
#include "tests/powercut/expectation.h"

namespace kedge::powercut {
namespace {

constexpr char kRecorded[] = "kedge-recorded";
constexpr char kMapping[] = "kedge-state";
constexpr char kMountPoint[] = "/run/kedge/state";
constexpr int kBoots = 6;

Status AnyContentIsGood(uint64_t, const ReadStateFile&) { return Status(); }

Status Shell(const std::string& command) {
  if (std::system(command.c_str()) == 0) return Status();
  return Internal("failed: " + command);
}

Status AppendSynced(const std::string& path, ByteView content) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.ok()) return ErrnoStatus(errno, "open " + path);
  const ssize_t put = write(fd.get(), content.data(), content.size());
  if (put != static_cast<ssize_t>(content.size()) || fdatasync(fd.get()) != 0) {
    return ErrnoStatus(errno, "append to " + path);
  }
  return Status();
}

class Life {
 public:
  Life(const std::string& disk, const std::string& log) : disk_path_(disk), log_path_(log) {}

  StatusOr<Sha256Digest> Record() {
    RETURN_IF_ERROR(Begin());
    StatusOr<Sha256Digest> digest = Live();
    const Status closed = disk_.Close();
    RETURN_IF_ERROR(digest.status());
    RETURN_IF_ERROR(closed);
    RETURN_IF_ERROR(Shell("dmsetup --noudevsync --noudevrules remove " + std::string(kRecorded)));
    return digest;
  }

 private:
  Status Begin() {
    ASSIGN_OR_RETURN(const BlockDisk disk, BlockDisk::OpenForReading(disk_path_));
    return Shell("dmsetup --noudevsync --noudevrules create " + std::string(kRecorded) +
                 " --table '0 " + std::to_string(disk.bytes() / 512) + " log-writes " + disk_path_ +
                 " " + log_path_ + "' && dmsetup mknodes");
  }

  Status Mark(const std::string& mark) {
    return Shell("dmsetup message " + std::string(kRecorded) + " 0 mark '" + mark + "'");
  }

  StatusOr<Sha256Digest> Live() {
    RETURN_IF_ERROR(Mark(PhaseMark("format")));
    ASSIGN_OR_RETURN(const Sha256Digest digest, disk_.Format(dek_, binding_, counter_, nullptr));
    RETURN_IF_ERROR(Mark(FormattedMark()));
    RETURN_IF_ERROR(Mark(AdvancedMark(counter_)));
    RETURN_IF_ERROR(Mark(PhaseMark("first-use")));
    RETURN_IF_ERROR(Boot());
    RETURN_IF_ERROR(Use(12));
    RETURN_IF_ERROR(disk_.Close());
    RETURN_IF_ERROR(Mark(PhaseMark("advance")));
    for (int boot = 0; boot < kBoots; ++boot) {
      RETURN_IF_ERROR(Boot());
      RETURN_IF_ERROR(Use(1));
      RETURN_IF_ERROR(disk_.Close());
    }
    RETURN_IF_ERROR(Mark(PhaseMark("grow")));
    RETURN_IF_ERROR(Boot());
    RETURN_IF_ERROR(GrowUnderAWriter());
    RETURN_IF_ERROR(Use(4));
    return digest;
  }

  // A boot of a node whose service has acknowledged `counter_`.
  Status Boot() {
    const DiskCounters counters{.acknowledged = counter_, .next = counter_ + 1};
    RETURN_IF_ERROR(Mark(GrantedMark(counters.next)));
    RETURN_IF_ERROR(disk_.Open(dek_, binding_, counters, AnyContentIsGood).status());
    RETURN_IF_ERROR(disk_.Advance(dek_, binding_, counters).status());
    counter_ = counters.next;
    return Mark(AdvancedMark(counter_));
  }

  // New files, old ones again, and records at the end of one.
  Status Use(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      RETURN_IF_ERROR(WriteFile("file" + std::to_string(version_)));
      RETURN_IF_ERROR(WriteFile("again"));
      RETURN_IF_ERROR(AppendSynced(std::string(kMountPoint) + "/" + kRecordsFile,
                                   kedge::powercut::Record(records_)));
      RETURN_IF_ERROR(Mark(RecordsMark(++records_)));
    }
    return Status();
  }

  Status WriteFile(const std::string& name) {
    const uint64_t version = ++version_;
    RETURN_IF_ERROR(WriteFileAtomically(std::string(kMountPoint) + "/" + name,
                                        FileContent(name, version), 0600));
    return Mark(FileMark(name, version));
  }

  Status GrowUnderAWriter() {
    ASSIGN_OR_RETURN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
    std::atomic<bool> stop = false;
    Status written;
    std::thread writer([this, &stop, &written] {
      while (!stop && written.ok()) written = Use(1);
    });
    Status marked;
    const auto progress = GrowStateDisk(kMapping, kMountPoint, keys.extent,
                                        {.pace = [](absl::Duration, bool) { return true; },
                                         .progress =
                                             [this, &marked](const GrowthProgress& at) {
                                               if (marked.ok())
                                                 marked = Mark(GrownMark(at.prepared));
                                             }});
    stop = true;
    writer.join();
    RETURN_IF_ERROR(written);
    RETURN_IF_ERROR(marked);
    RETURN_IF_ERROR(progress.status());
    return progress->Done() ? Status() : Internal("the disk did not grow to its end");
  }

  const std::string disk_path_;
  const std::string log_path_;
  const SecretBytes dek_ = NodeDek();
  const DiskBinding binding_ = NodeBinding();
  LuksStateDisk disk_{{.device = "/dev/mapper/" + std::string(kRecorded),
                       .mapping = kMapping,
                       .mount_point = kMountPoint}};
  uint64_t counter_ = 1;
  uint64_t version_ = 0;
  uint64_t records_ = 0;
};

}  // namespace

SecretBytes NodeDek() { return SecretBytes::CopyOf(Bytes(32, 0x11)).value(); }

DiskBinding NodeBinding() {
  return {.cluster_id_hex = std::string(64, 'c'), .node = "node-1", .volume = "state"};
}

StatusOr<Sha256Digest> RecordLife(const std::string& disk, const std::string& log) {
  return Life(disk, log).Record();
}

}  // namespace kedge::powercut
