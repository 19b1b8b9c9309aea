// Time from Format to a usable mount of the state disk, beside cryptsetup and mkfs on the same
// disk. Runs inside User-mode Linux (tests/uml/run): each argument is a disk, the last is measured
// for Kedge alone.
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/luks/block_disk.h"
#include "storage/luks/luks_state_disk.h"

namespace kedge::bench {
namespace {

// The command that the project is compared with: the same cipher, integrity and sector size, a
// keyslot as cheap as ours, and the file system mounted.
constexpr char kCryptsetup[] =
    "set -e; head -c 32 /dev/urandom >/run/key; "
    "cryptsetup luksFormat -q --type luks2 --key-file /run/key --pbkdf pbkdf2 "
    "--pbkdf-force-iterations 1000 --cipher aes-xts-plain64 --key-size 512 "
    "--integrity hmac-sha256 --sector-size 4096 \"$DISK\"; "
    "cryptsetup open --key-file /run/key \"$DISK\" reference; "
    "mkfs.ext4 -q -F -b 4096 -m 0 /dev/mapper/reference; "
    "mkdir -p /run/reference; mount -t ext4 /dev/mapper/reference /run/reference";
constexpr char kCryptsetupClose[] = "umount /run/reference && cryptsetup close reference";

// Targets: at the largest disk that is also measured with cryptsetup, and over all sizes.
constexpr double kTimesFaster = 10;
constexpr double kLargestToSmallest = 1.5;

double Seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double Cryptsetup(const std::string& device) {
  setenv("DISK", device.c_str(), 1);
  const double start = Seconds();
  if (std::system(kCryptsetup) != 0) std::abort();
  const double took = Seconds() - start;
  if (std::system(kCryptsetupClose) != 0) std::abort();
  return took;
}

// What a first boot does: format by the service's order, then open; the rest of the disk follows
// later, while it is used.
double Kedge(const std::string& device) {
  LuksStateDisk disk({.device = device});
  const SecretBytes dek = SecretBytes::CopyOf(Bytes(32, 0x11)).value();
  const DiskBinding binding{
      .cluster_id_hex = std::string(64, 'c'), .node = "node-1", .volume = "state"};
  const double start = Seconds();
  Status status = disk.Format(dek, binding, 1, nullptr).status();
  if (status.ok()) {
    status = disk.Open(dek, binding, {.acknowledged = 0, .next = 1},
                       [](uint64_t, const ReadStateFile&) { return Status(); })
                 .status();
  }
  const double took = Seconds() - start;
  if (status.ok()) status = disk.Close();
  if (!status.ok()) {
    std::cerr << MessageOf(status) << "\n";
    std::abort();
  }
  return took;
}

double Best(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

// Rounds over all disks, and the best of each: what else the machine does only ever adds. The
// reference, which is long enough by itself, once.
constexpr int kRounds = 5;

int Main(const std::vector<std::string>& devices) {
  std::vector<std::vector<double>> kedge(devices.size());
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < devices.size(); ++i) kedge[i].push_back(Kedge(devices[i]));
  }
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  double times_faster = 0;
  for (size_t i = 0; i < devices.size(); ++i) {
    const double seconds = Best(kedge[i]);
    rows.push_back({{"disk_mib", BlockDisk::OpenForReading(devices[i])->bytes() >> 20},
                    {"kedge_seconds", seconds}});
    if (i + 1 == devices.size()) break;
    const double reference = Cryptsetup(devices[i]);
    times_faster = reference / seconds;
    rows.back().push_back({"cryptsetup_seconds", reference});
    rows.back().push_back({"times_faster", times_faster});
  }
  const double largest_to_smallest = Best(kedge.back()) / Best(kedge.front());
  const bool good = times_faster >= kTimesFaster && largest_to_smallest <= kLargestToSmallest;
  std::cout << nlohmann::ordered_json{{"rows", rows},
                                      {"largest_to_smallest", largest_to_smallest},
                                      {"good", good}}
                   .dump(2)
            << "\n";
  return good ? 0 : 1;
}

}  // namespace
}  // namespace kedge::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: first_boot_bench DISK... DISK\n";
    return 2;
  }
  return kedge::bench::Main({argv + 1, argv + argc});
}
