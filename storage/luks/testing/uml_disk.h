// The raw disk and the fixture of tests that run inside User-mode Linux.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "storage/core/state_disk.h"
#include "storage/luks/luks_state_disk.h"

namespace kedge::luks_uml {

inline constexpr char kDisk[] = "/dev/ubda";
inline constexpr char kMountPoint[] = "/run/kedge/state";

// Of a disk that was formatted and never advanced.
inline constexpr DiskCounters kFresh{.acknowledged = 0, .next = 1};
// Accepts whatever the file system holds.
Status AnyContent(uint64_t disk_counter, const ReadStateFile& read);

SecretBytes Dek(uint8_t fill);

// The whole file; empty where there is none.
std::string ReadText(const std::string& path);

// What the host could do to the disk. Failures fail the test.
size_t RawSize();
Bytes ReadRaw(uint64_t offset, size_t size);
// One digest for each 4,096 bytes of the disk, which may be too large to be held in memory.
std::vector<Sha256Digest> RawBlocks();
void WriteRaw(uint64_t offset, ByteView content);
void FlipRaw(uint64_t offset);

bool IsMounted();
bool IsMapped();

class DiskTest : public ::testing::Test {
 protected:
  DiskTest() : disk_({.device = kDisk}) {}
  void SetUp() override;

  Sha256Digest FormatDisk();
  // Open refuses with the fault and leaves nothing mounted and nothing mapped.
  void ExpectRefused(const std::string& fault, const DiskCounters& counters = kFresh);

  // Maps the opened device through the layers below LuksStateDisk, and nothing above it.
  void MapBelow();

  LuksStateDisk disk_;
  const SecretBytes dek_ = Dek(0x11);
  const DiskBinding binding_{
      .cluster_id_hex = std::string(64, 'c'), .node = "node-1", .volume = "state"};
};

}  // namespace kedge::luks_uml
