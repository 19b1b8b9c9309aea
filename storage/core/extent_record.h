// How much of a state disk's opened device has been written at least once (docs/FORMATS.md, "Extent
// record"). A sector of an authenticated device that was never written cannot be read: the file
// system is kept below the end that this record names. Pure; thread-safe.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/digest.h"

namespace kedge {

// The record is the first block of the opened device; the file system begins kFileSystemOffset
// behind it. Bytes.
inline constexpr size_t kExtentRecordBytes = 4096;
inline constexpr uint64_t kFileSystemOffset = uint64_t{1} << 20;
// What Format prepares, where the device has as much: room for a file system with its journal and a
// node's state; written in a second.
inline constexpr uint64_t kFormatExtentBytes = uint64_t{32} << 20;

struct ExtentRecord {
  // Digest of the header of the disk that the record belongs to.
  Sha256Digest disk{};
  // The disk counter at the time of writing.
  uint64_t disk_counter = 0;
  // Everything below this offset on the opened device has been written. Bytes, whole sectors of
  // 4,096, more than kFileSystemOffset.
  uint64_t prepared = 0;

  bool operator==(const ExtentRecord&) const = default;
};

// Exactly kExtentRecordBytes.
Bytes RenderExtentRecord(const ExtentRecord& record, const SecretBytes& extent_key);

// `block` is what the device's first kExtentRecordBytes hold. Anything but a record that this key
// made is EXTENT_DAMAGED: the disk needs its owner, and is never formatted for it.
StatusOr<ExtentRecord> ReadExtentRecord(ByteView block, const SecretBytes& extent_key);

// What an Open must know of a record whose MAC has passed.
struct ExtentExpectation {
  Sha256Digest disk{};
  uint64_t disk_counter = 0;  // as the verified header shows it
};

// A record of another disk or beyond the device is EXTENT_DAMAGED. One with an older counter than
// the header's was replayed from below: EXTENT_STALE. It may be ahead: each Open takes the record
// to the next counter before the header follows.
Status CheckExtentRecord(const ExtentRecord& record, const ExtentExpectation& expected,
                         uint64_t device_bytes);

// EXTENT_STALE where the file system ends behind what the record says was written: one of the two
// was replayed from below. `file_system_bytes` counts from kFileSystemOffset.
Status CheckFileSystemEnd(const ExtentRecord& record, uint64_t file_system_bytes);

}  // namespace kedge
