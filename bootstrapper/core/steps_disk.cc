// Stage initrd: the state disk and its freshness.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>

#include "bootstrapper/core/freshness.h"
#include "bootstrapper/core/steps.h"

namespace kedge {
namespace {

// The disk's own final answers to "is this my disk, formatted to the end?". Anything else (an I/O
// error, no memory) says nothing about the disk and never leads to a format.
bool SaysNotFormattedByUs(const Status& status) {
  static constexpr std::array<std::string_view, 5> kAnswers = {
      "DISK_BLANK", "HEADER_NOT_ACCEPTED", "HEADER_MAC", "WRONG_KEY", "MARKER_MISSING"};
  const std::string code = FaultCode(status);
  return std::find(kAnswers.begin(), kAnswers.end(), code) != kAnswers.end();
}

void Tell(Node& node, const char* step, std::string detail) {
  node.ports.events.Emit({.kind = BootEventKind::kProgress,
                          .stage = Stage::kInitrd,
                          .step = step,
                          .uptime = node.ports.timer.Uptime(),
                          .detail = std::move(detail)});
}

std::optional<NodeState> ReadableState(const std::optional<Bytes>& file) {
  if (!file) return std::nullopt;
  StatusOr<NodeState> state = ParseNodeState(*file);
  if (!state.ok()) return std::nullopt;
  return *std::move(state);
}

// nullopt also where this TPM cannot keep a counter: that is never a reason to stay down.
StatusOr<std::optional<uint64_t>> ReadTpmCounter(Node& node) {
  StatusOr<std::optional<uint64_t>> counter = node.ports.tpm.ReadCounter();
  if (FaultCode(counter.status()) == "TPM_COUNTER_UNUSABLE") return std::optional<uint64_t>();
  return counter;
}

// 0 where this TPM cannot keep a counter.
StatusOr<uint64_t> IncrementTpmCounter(Node& node) {
  StatusOr<uint64_t> counter = node.ports.tpm.IncrementCounter();
  if (FaultCode(counter.status()) == "TPM_COUNTER_UNUSABLE") {
    Tell(node, "count-in-tpm", "no counter in the TPM: " + MessageOf(counter.status()));
    return 0;
  }
  return counter;
}

Status CheckContent(Node& node, uint64_t disk_counter, const ReadStateFile& read) {
  if (node.release->disk_accepted) {
    Tell(node, "open-disk", absl::StrCat("the owner accepts this disk, at counter ", disk_counter));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::optional<Bytes> file, read(kNodeStateFile, kMaxNodeStateSize));
  const RememberedCounters remembered = RememberedCounters::Of(ReadableState(file));
  RETURN_IF_ERROR(CheckStateCounter(disk_counter, remembered.disk_counter, node.release->counters));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> tpm_counter, ReadTpmCounter(node));
  return JudgeTpmCounter(remembered.tpm_counter, tpm_counter).status();
}

}  // namespace

DiskBinding BindingOf(const Node& node) {
  return {.cluster_id_hex = ToHex(ClusterIdOf(node)),
          .node = node.invitation->node,
          .volume = kStateVolume,
          .dek_generation = node.release->dek_generation};
}

StatusOr<bool> DiskOpened(Node& node) {
  if (node.opened_header) return true;
  ASSIGN_OR_RETURN(const bool mounted, node.ports.state.Mounted());
  if (!mounted) return false;
  // An earlier run of this program opened it and was cut off.
  ASSIGN_OR_RETURN(const DiskInspection disk, node.ports.disk.Inspect());
  node.opened_header = disk.header_digest;
  return true;
}

Status FormatDisk(Node& node) {
  ASSIGN_OR_RETURN(const DiskInspection disk, node.ports.disk.Inspect());
  if (disk.content == DiskContent::kLuks2) {
    // Formatted under this order before, and cut off before it could be reported: what is already
    // there is kept.
    Status opened = OpenDisk(node);
    if (opened.ok() || !SaysNotFormattedByUs(opened)) return opened;
  }
  const auto progress = [&node](int percent) {
    node.ports.events.Emit({.kind = BootEventKind::kProgress,
                            .stage = Stage::kInitrd,
                            .step = "format-if-ordered",
                            .uptime = node.ports.timer.Uptime(),
                            .detail = absl::StrCat("formatting the state disk: ", percent, " %")});
  };
  return node.ports.disk
      .Format(node.release->dek, BindingOf(node), node.release->counters.next, progress)
      .status();
}

Status OpenDisk(Node& node) {
  ASSIGN_OR_RETURN(const OpenedDisk opened,
                   node.ports.disk.Open(node.release->dek, BindingOf(node), node.release->counters,
                                        [&node](uint64_t disk_counter, const ReadStateFile& read) {
                                          return CheckContent(node, disk_counter, read);
                                        }));
  node.opened_header = opened.header_digest;
  return absl::OkStatus();
}

Status AdvanceDisk(Node& node) {
  ASSIGN_OR_RETURN(
      const OpenedDisk disk,
      node.ports.disk.Advance(node.release->dek, BindingOf(node), node.release->counters));
  // Verified, which what an earlier run of this program left to be inspected is not.
  node.opened_header = disk.header_digest;
  return absl::OkStatus();
}

// At most once for each advance, wherever it is cut off: the value goes into the node state, which
// is the evidence that everything before it is done.
Status CountInTpm(Node& node) {
  ASSIGN_OR_RETURN(const std::optional<Bytes> file,
                   node.ports.state.Read(kNodeStateFile, kMaxNodeStateSize));
  const RememberedCounters remembered = RememberedCounters::Of(ReadableState(file));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> now, ReadTpmCounter(node));
  StatusOr<TpmCounterFinding> finding = JudgeTpmCounter(remembered.tpm_counter, now);
  if (node.release->disk_accepted) finding = TpmCounterFinding::kUnknown;
  RETURN_IF_ERROR(finding.status());
  node.tpm_counter_behind = *finding == TpmCounterFinding::kBehind;
  if (node.tpm_counter_behind) {
    Tell(node, "count-in-tpm", "TPM counter behind: vTPM replaced or rolled back");
  }
  // An earlier boot got as far as the node state, and was cut off before its acknowledgement.
  const bool counted = remembered.disk_counter == node.release->counters.next;
  if (now && (counted || *finding != TpmCounterFinding::kLevel)) {
    node.tpm_counter = *now;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(node.tpm_counter, IncrementTpmCounter(node));
  return absl::OkStatus();
}

}  // namespace kedge
