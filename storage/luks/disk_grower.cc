#include "storage/luks/disk_grower.h"

#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "storage/core/extent_record.h"
#include "storage/core/growth_plan.h"
#include "storage/core/luks_layout.h"
#include "storage/luks/ext4_growth.h"
#include "storage/luks/extent_device.h"
#include "storage/luks/mappings.h"
#include "storage/luks/state_extent.h"

namespace kedge {
namespace {

class Growth {
 public:
  Growth(ExtentDevice device, std::string file_system, std::string mount_point,
         const SecretBytes& extent_key, const GrowthHooks& hooks)
      : device_(std::move(device)),
        file_system_(std::move(file_system)),
        mount_point_(std::move(mount_point)),
        extent_key_(extent_key),
        hooks_(hooks) {}

  StatusOr<GrowthProgress> Run() {
    RETURN_IF_ERROR(Begin());
    while (true) {
      ASSIGN_OR_RETURN(const GrowthState state, State());
      const uint64_t begin = WipeStart(state);
      const uint64_t end = WipeEnd(state);
      if (begin == end) return Progress();
      const Status wiped = Wipe(begin, end);
      if (absl::IsCancelled(wiped)) return Progress();
      RETURN_IF_ERROR(wiped);
      RETURN_IF_ERROR(Record(end));
      RETURN_IF_ERROR(Show());
      hooks_.progress(Progress());
    }
  }

 private:
  // What a step that was cut off behind its record has left to do is done first.
  Status Begin() {
    ASSIGN_OR_RETURN(const Bytes block, device_.ReadFirstBlock());
    ASSIGN_OR_RETURN(record_, ReadExtentRecord(block, extent_key_));
    // Which disk and counter it is for was judged when the disk was opened, in this boot.
    RETURN_IF_ERROR(CheckExtentRecord(
        record_, {.disk = record_.disk, .disk_counter = record_.disk_counter}, device_.bytes()));
    RETURN_IF_ERROR(State().status());
    RETURN_IF_ERROR(Show());
    hooks_.progress(Progress());
    return Status();
  }

  StatusOr<GrowthState> State() const {
    ASSIGN_OR_RETURN(const uint64_t file_system, Ext4BytesOn("/dev/mapper/" + file_system_));
    RETURN_IF_ERROR(CheckFileSystemEnd(record_, file_system));
    return GrowthState{.prepared = record_.prepared,
                       .file_system_end = kFileSystemOffset + file_system,
                       .total = device_.bytes()};
  }

  GrowthProgress Progress() const {
    return {.prepared = record_.prepared, .total = device_.bytes()};
  }

  Status Wipe(uint64_t begin, uint64_t end) {
    absl::Time last = absl::Now();
    RETURN_IF_ERROR(device_.WriteZeros(begin, end, [this, &last] {
      const auto space = SpaceOf(mount_point_);
      const bool is_short = space.ok() && IsShortOfSpace(space->free, space->size);
      const bool go_on = hooks_.pace(absl::Now() - last, is_short);
      last = absl::Now();
      return go_on;
    }));
    hooks_.at(GrowthPoint::kWiped);
    RETURN_IF_ERROR(device_.Flush());
    hooks_.at(GrowthPoint::kFlushed);
    return Status();
  }

  // Only ever forward: what is named here has been flushed.
  Status Record(uint64_t prepared) {
    ExtentRecord next = record_;
    next.prepared = prepared;
    RETURN_IF_ERROR(device_.WriteFirstBlock(RenderExtentRecord(next, extent_key_)));
    record_ = next;
    hooks_.at(GrowthPoint::kRecorded);
    return Status();
  }

  Status Show() {
    const LinearWindow window = WindowOf(record_, device_.number());
    ASSIGN_OR_RETURN(const auto table, ReadTable(file_system_));
    if (!CheckLinearTable(table, window).ok()) {
      RETURN_IF_ERROR(ReloadLinear(file_system_, window));
    }
    hooks_.at(GrowthPoint::kMapped);
    RETURN_IF_ERROR(GrowExt4(mount_point_, record_.prepared - kFileSystemOffset));
    hooks_.at(GrowthPoint::kGrown);
    return Status();
  }

  const ExtentDevice device_;
  const std::string file_system_;
  const std::string mount_point_;
  const SecretBytes& extent_key_;
  const GrowthHooks& hooks_;
  ExtentRecord record_;
};

}  // namespace

StatusOr<GrowthProgress> ReadGrowth(const std::string& mapping) {
  const std::string name = FileSystemName(mapping);
  ASSIGN_OR_RETURN(const auto opened, ReadTable(mapping));
  ASSIGN_OR_RETURN(const auto shown, ReadTable(name));
  if (opened.size() != 1 || shown.size() != 1) {
    return MakeError(StatusCode::kNotFound, "there is no growing disk " + mapping);
  }
  return GrowthProgress{.prepared = kFileSystemOffset + shown[0].length * kDeviceMapperSectorBytes,
                        .total = opened[0].length * kDeviceMapperSectorBytes};
}

StatusOr<GrowthProgress> GrowStateDisk(const std::string& mapping, const std::string& mount_point,
                                       const SecretBytes& extent_key, const GrowthHooks& hooks) {
  ASSIGN_OR_RETURN(ExtentDevice device, ExtentDevice::OpenForGrowth("/dev/mapper/" + mapping));
  return Growth(std::move(device), FileSystemName(mapping), mount_point, extent_key, hooks).Run();
}

}  // namespace kedge
