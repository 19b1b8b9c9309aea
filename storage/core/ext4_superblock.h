// The size that an ext4 superblock states. Pure; thread-safe.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// Where the superblock lies in the file system. Bytes.
inline constexpr uint64_t kExt4SuperblockOffset = 1024;
inline constexpr size_t kExt4SuperblockBytes = 1024;
// The block size that Format gives a file system, and the only one that is accepted.
inline constexpr uint64_t kExt4BlockBytes = 4096;

// The size of the whole file system in bytes (kernel documentation, ext4 "Super Block": s_magic,
// s_log_block_size, s_blocks_count_lo, s_blocks_count_hi). MALFORMED for anything else than an ext4
// of 4,096-byte blocks.
StatusOr<uint64_t> Ext4Bytes(ByteView superblock);

}  // namespace kedge
