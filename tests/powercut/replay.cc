#include "tests/powercut/replay.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>

#include "base/host/files.h"
#include "storage/luks/disk_grower.h"
#include "storage/luks/errno_status.h"
#include "tests/powercut/recording.h"

namespace kedge::powercut {
namespace {

constexpr char kMapping[] = "kedge-cut";
constexpr char kMountPoint[] = "/run/kedge/cut";
constexpr size_t kMostFileBytes = size_t{1} << 20;

Status AnyContentIsGood(uint64_t, const ReadStateFile&) { return Status(); }

Status ReadAt(const UniqueFd& fd, uint64_t offset, std::span<uint8_t> out) {
  const ssize_t got = pread(fd.get(), out.data(), out.size(), static_cast<off_t>(offset));
  if (got == static_cast<ssize_t>(out.size())) return Status();
  return ErrnoStatus(got < 0 ? errno : EIO, "read of a test device");
}

Status WriteAt(const UniqueFd& fd, uint64_t offset, ByteView content) {
  const ssize_t put = pwrite(fd.get(), content.data(), content.size(), static_cast<off_t>(offset));
  if (put == static_cast<ssize_t>(content.size())) return Status();
  return ErrnoStatus(put < 0 ? errno : EIO, "write of a test device");
}

StatusOr<UniqueFd> OpenDevice(const std::string& path, int flags) {
  UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, "open " + path);
  return fd;
}

// Begin and end of each phase in the log.
std::vector<std::pair<size_t, size_t>> Phases(const WriteLog& log) {
  std::vector<std::pair<size_t, size_t>> phases;
  for (size_t i = 0; i < log.size(); ++i) {
    if (!log[i].mark.starts_with(PhaseMark(""))) continue;
    if (!phases.empty()) phases.back().second = i;
    phases.emplace_back(i, log.size());
  }
  return phases;
}

size_t NextFlush(const WriteLog& log, size_t at) {
  while (at < log.size() && !log[at].flush) ++at;
  return at;
}

Status ReadEverything(const std::string& path) {
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenDevice(path, O_RDONLY));
  Bytes piece(size_t{1} << 20);
  while (true) {
    const ssize_t got = read(fd.get(), piece.data(), piece.size());
    if (got == 0) return Status();
    if (got < 0) return ErrnoStatus(errno, "read of all of " + path);
  }
}

}  // namespace

std::vector<Cut> PlanCuts(const WriteLog& log, uint64_t count, uint64_t seed,
                          uint64_t thorough_every) {
  constexpr Loss kLosses[] = {Loss::kNothing, Loss::kAll, Loss::kSomeWrites, Loss::kSomeSectors};
  const auto phases = Phases(log);
  std::vector<Cut> cuts;
  for (uint64_t i = 0; i < count && !phases.empty(); ++i) {
    std::mt19937_64 random(seed * 1'000'003 + i);
    const auto [begin, end] = phases[i % phases.size()];
    Cut cut{.index = i, .at = begin + 1 + random() % (end - begin)};
    if (random() % 2 == 0) cut.at = NextFlush(log, cut.at);
    cut.loss = kLosses[random() % std::size(kLosses)];
    cut.seed = random();
    cut.thorough = i / phases.size() % thorough_every == 0;
    cuts.push_back(cut);
  }
  std::stable_sort(cuts.begin(), cuts.end(),
                   [](const Cut& a, const Cut& b) { return a.at < b.at; });
  return cuts;
}

Replay::Replay(UniqueFd log, UniqueFd image, const std::string& image_path,
               const Sha256Digest& digest)
    : log_device_(std::move(log)),
      image_(std::move(image)),
      digest_(digest),
      disk_(std::make_unique<LuksStateDisk>(LuksStateDisk::Options{
          .device = image_path, .mapping = kMapping, .mount_point = kMountPoint})) {}

StatusOr<Replay> Replay::Begin(const std::string& log_device, const std::string& image,
                               const Sha256Digest& digest) {
  ASSIGN_OR_RETURN(UniqueFd log, OpenDevice(log_device, O_RDONLY));
  ASSIGN_OR_RETURN(UniqueFd image_fd, OpenDevice(image, O_RDWR));
  uint64_t bytes = 0;
  if (ioctl(image_fd.get(), BLKGETSIZE64, &bytes) != 0)
    return ErrnoStatus(errno, "size of " + image);
  Replay replay(std::move(log), std::move(image_fd), image, digest);
  replay.durable_.resize(bytes);
  ASSIGN_OR_RETURN(replay.log_,
                   ParseWriteLog([&replay](uint64_t offset, size_t size) -> StatusOr<Bytes> {
                     Bytes out(size);
                     RETURN_IF_ERROR(ReadAt(replay.log_device_, offset, out));
                     return out;
                   }));
  return replay;
}

Status Replay::Advance(size_t durable) {
  for (; applied_ < durable; ++applied_) {
    const LoggedWrite& write = log_[applied_];
    if (write.bytes == 0) continue;
    if (write.offset + write.bytes > durable_.size()) return Internal("a write beyond the disk");
    RETURN_IF_ERROR(
        ReadAt(log_device_, write.content, std::span(durable_).subspan(write.offset, write.bytes)));
  }
  return Status();
}

Status Replay::PutImage(const Cut& cut) {
  RETURN_IF_ERROR(Advance(DurableBefore(log_, cut.at)));
  RETURN_IF_ERROR(WriteAt(image_, 0, durable_));
  std::mt19937_64 random(cut.seed);
  for (const Piece& piece : Survivors(log_, cut.at, cut.loss, random)) {
    Bytes content(piece.bytes);
    RETURN_IF_ERROR(ReadAt(log_device_, log_[piece.write].content + piece.begin, content));
    RETURN_IF_ERROR(WriteAt(image_, log_[piece.write].offset + piece.begin, content));
  }
  // Out of the cache: the kernel reads what is there like a disk that was just attached.
  if (fsync(image_.get()) != 0 || ioctl(image_.get(), BLKFLSBUF) != 0) {
    return ErrnoStatus(errno, "flush of the crash image");
  }
  return Status();
}

StatusOr<std::string> Replay::Check(const Cut& cut) {
  RETURN_IF_ERROR(PutImage(cut));
  ASSIGN_OR_RETURN(Expectation expected, Expect(log_, cut.at));
  DiskCounters& counters = expected.counters;
  counters.next = std::max(counters.next, counters.acknowledged + 1);
  const auto opened = disk_->Open(NodeDek(), NodeBinding(), counters, AnyContentIsGood);
  if (!opened.ok() && !expected.formatted) return CheckUnformatted(opened.status(), cut.thorough);
  RETURN_IF_ERROR(opened.status());
  Status status = CheckOpened(expected, *opened);
  if (status.ok()) {
    status = disk_->Advance(NodeDek(), NodeBinding(), counters).status();
  }
  if (status.ok() && cut.thorough) status = CheckWhole();
  const Status closed = disk_->Close();
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(closed);
  if (!cut.thorough) return "opened";
  // The boot after that.
  RETURN_IF_ERROR(disk_
                      ->Open(NodeDek(), NodeBinding(),
                             {.acknowledged = counters.next, .next = counters.next + 1},
                             AnyContentIsGood)
                      .status());
  status = CheckOpened(expected, *opened);
  RETURN_IF_ERROR(disk_->Close());
  RETURN_IF_ERROR(status);
  return "opened";
}

// Before Format has returned the service still says FORMATTING, and the node formats again on
// exactly these answers (bootstrapper/core/steps_disk.cc).
StatusOr<std::string> Replay::CheckUnformatted(const Status& opened, bool thorough) {
  static const std::set<std::string>* const kNamed =
      new std::set<std::string>{"DISK_BLANK", "HEADER_NOT_ACCEPTED", "HEADER_MAC"};
  const std::string fault = FaultCode(opened);
  if (!kNamed->contains(fault)) return opened;
  if (thorough) {
    RETURN_IF_ERROR(disk_->Format(NodeDek(), NodeBinding(), 1, nullptr).status());
    RETURN_IF_ERROR(
        disk_->Open(NodeDek(), NodeBinding(), {.acknowledged = 0, .next = 1}, AnyContentIsGood)
            .status());
    RETURN_IF_ERROR(disk_->Close());
  }
  return fault;
}

Status Replay::CheckOpened(const Expectation& expected, const OpenedDisk& opened) {
  if (opened.header_digest != digest_) return Internal("it is another disk: it was formatted");
  for (const auto& [name, version] : expected.files) {
    ASSIGN_OR_RETURN(const Bytes content,
                     ReadFileBounded(std::string(kMountPoint) + "/" + name, kMostFileBytes));
    RETURN_IF_ERROR(CheckFile(name, version, content));
  }
  if (expected.records > 0) {
    ASSIGN_OR_RETURN(
        const Bytes content,
        ReadFileBounded(std::string(kMountPoint) + "/" + kRecordsFile, kMostFileBytes));
    RETURN_IF_ERROR(CheckRecords(expected.records, content));
  }
  ASSIGN_OR_RETURN(const GrowthProgress progress, ReadGrowth(kMapping));
  if (progress.prepared < expected.grown) return Internal("it has shrunk");
  return Status();
}

// Grows to the end, then nothing of the device is unreadable and nothing of the file system odd.
Status Replay::CheckWhole() {
  ASSIGN_OR_RETURN(const StateDiskKeys keys, DeriveStateDiskKeys(NodeDek()));
  ASSIGN_OR_RETURN(const GrowthProgress progress,
                   GrowStateDisk(kMapping, kMountPoint, keys.extent,
                                 {.pace = [](absl::Duration, bool) { return true; },
                                  .progress = [](const GrowthProgress&) {}}));
  if (!progress.Done()) return Internal("it does not grow to its end");
  RETURN_IF_ERROR(ReadEverything("/dev/mapper/" + std::string(kMapping)));
  const std::string fsck = "umount " + std::string(kMountPoint) + " && e2fsck -fn /dev/mapper/" +
                           kMapping + "_fs >/run/fsck 2>&1";
  if (std::system(fsck.c_str()) == 0) return Status();
  const auto said = ReadFileBounded("/run/fsck", kMostFileBytes);
  return Internal("e2fsck: " + std::string(said.ok() ? AsText(*said) : "no output"));
}

}  // namespace kedge::powercut
