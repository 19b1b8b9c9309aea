#include "storage/core/ext4_superblock.h"

#include "base/reader.h"

namespace kedge {
namespace {

constexpr uint16_t kMagic = 0xef53;
constexpr uint32_t kLogBlockSize = 2;  // 1,024 << 2 bytes
constexpr uint32_t kIncompat64Bit = 0x80;

StatusOr<uint32_t> U32At(ByteView superblock, size_t offset) {
  return Reader(superblock.subspan(offset, sizeof(uint32_t))).U32Le();
}

}  // namespace

StatusOr<uint64_t> Ext4Bytes(ByteView superblock) {
  if (superblock.size() != kExt4SuperblockBytes) return Malformed("ext4 superblock: length");
  ASSIGN_OR_RETURN(const uint16_t magic, Reader(superblock.subspan(0x38, 2)).U16Le());
  if (magic != kMagic) return Malformed("ext4 superblock: no magic");
  ASSIGN_OR_RETURN(const uint32_t log_block_size, U32At(superblock, 0x18));
  if (log_block_size != kLogBlockSize) return Malformed("ext4 superblock: blocks are not 4096");
  ASSIGN_OR_RETURN(const uint32_t incompat, U32At(superblock, 0x60));
  ASSIGN_OR_RETURN(uint64_t blocks, U32At(superblock, 0x4));
  if ((incompat & kIncompat64Bit) != 0) {
    ASSIGN_OR_RETURN(const uint64_t high, U32At(superblock, 0x150));
    blocks |= high << 32;
  }
  // The largest ext4 has 2^48 blocks.
  if (blocks == 0 || blocks >> 48 != 0) return Malformed("ext4 superblock: number of blocks");
  return blocks * kExt4BlockBytes;
}

}  // namespace kedge
