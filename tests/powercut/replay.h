// Makes disks as a power cut leaves them, and checks what the node makes of each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "crypto/digest.h"
#include "storage/luks/luks_state_disk.h"
#include "storage/luks/unique_fd.h"
#include "tests/powercut/crash_image.h"
#include "tests/powercut/expectation.h"

namespace kedge::powercut {

// Where, and with what loss, the power is cut; all of it follows from a seed and an index.
struct Cut {
  uint64_t index = 0;
  size_t at = 0;  // of the write log
  Loss loss = Loss::kNothing;
  uint64_t seed = 0;  // of what is lost
  bool thorough = false;
};

// `count` cuts in the order of the log: as many in each of its phases, half of them right before a
// flush, where most is in the cache; of each phase one in `thorough_every` to be checked
// thoroughly.
std::vector<Cut> PlanCuts(const WriteLog& log, uint64_t count, uint64_t seed,
                          uint64_t thorough_every);

class Replay {
 public:
  // `log_device` holds what RecordLife left; `image` is overwritten with one crash image after the
  // other; `digest` is of the disk that lived.
  static StatusOr<Replay> Begin(const std::string& log_device, const std::string& image,
                                const Sha256Digest& digest);

  const WriteLog& log() const { return log_; }
  // How a cut that was withstood ended: "opened", or the named state. Cuts come in the order of the
  // log. A thorough check also grows the disk to its end, or formats the one that was never whole,
  // and looks at every block and at the file system's structure.
  StatusOr<std::string> Check(const Cut& cut);

 private:
  Replay(UniqueFd log, UniqueFd image, const std::string& image_path, const Sha256Digest& digest);

  Status PutImage(const Cut& cut);
  Status Advance(size_t durable);
  StatusOr<std::string> CheckUnformatted(const Status& opened, bool thorough);
  Status CheckOpened(const Expectation& expected, const OpenedDisk& opened);
  Status CheckWhole();

  UniqueFd log_device_;
  UniqueFd image_;
  Sha256Digest digest_;
  WriteLog log_;
  Bytes durable_;  // the disk as of log_[applied_]
  size_t applied_ = 0;
  std::unique_ptr<LuksStateDisk> disk_;
};

}  // namespace kedge::powercut
