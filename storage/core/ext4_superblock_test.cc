#include "storage/core/ext4_superblock.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

// Only the fields that are read.
Bytes Superblock(uint32_t blocks_low, uint32_t blocks_high, uint32_t incompat) {
  Bytes out(kExt4SuperblockBytes, 0);
  const auto put = [&out](size_t offset, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) out[offset + i] = static_cast<uint8_t>(value >> (8 * i));
  };
  put(0x4, blocks_low);
  put(0x18, 2);
  put(0x38, 0xef53);
  put(0x60, incompat);
  put(0x150, blocks_high);
  return out;
}

TEST(Ext4SuperblockTest, SizeIsBlocksTimes4096) {
  EXPECT_EQ(Ext4Bytes(Superblock(7936, 0, 0x2c2)).value(), 7936U * 4096);
  EXPECT_EQ(Ext4Bytes(Superblock(1, 1, 0x80)).value(), ((uint64_t{1} << 32) + 1) * 4096);
  // Without the 64-bit feature the high half means nothing.
  EXPECT_EQ(Ext4Bytes(Superblock(1, 1, 0)).value(), 4096U);
}

TEST(Ext4SuperblockTest, AnythingElseIsMalformed) {
  EXPECT_THAT(Ext4Bytes({}), HasFault("MALFORMED"));
  EXPECT_THAT(Ext4Bytes(Bytes(kExt4SuperblockBytes, 0)), HasFault("MALFORMED"));
  EXPECT_THAT(Ext4Bytes(Superblock(0, 0, 0x80)), HasFault("MALFORMED"));
  EXPECT_THAT(Ext4Bytes(Superblock(0, 1 << 16, 0x80)), HasFault("MALFORMED"));
  Bytes small_blocks = Superblock(1, 0, 0);
  small_blocks[0x18] = 0;
  EXPECT_THAT(Ext4Bytes(small_blocks), HasFault("MALFORMED"));
  Bytes longer = Superblock(1, 0, 0);
  longer.push_back(0);
  EXPECT_THAT(Ext4Bytes(longer), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
