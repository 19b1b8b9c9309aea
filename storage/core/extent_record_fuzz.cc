// Any first block, and any block taken for a superblock: refused by name or accepted, never a
// crash; an accepted record is exactly what would be written again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "storage/core/ext4_superblock.h"
#include "storage/core/extent_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kedge;  // NOLINT
  static const SecretBytes* const key =
      new SecretBytes(SecretBytes::CopyOf(Bytes(32, 0x44)).value());
  const ByteView input(data, size);
  Bytes block = ToBytes(input.first(std::min(size, kExtentRecordBytes)));
  block.resize(kExtentRecordBytes, 0);
  const auto record = ReadExtentRecord(block, *key);
  if (record.ok() ? RenderExtentRecord(*record, *key) != block
                  : FaultCode(record.status()) != "EXTENT_DAMAGED") {
    std::abort();
  }
  const auto bytes = Ext4Bytes(ByteView(block).first(kExt4SuperblockBytes));
  if (bytes.ok() ? *bytes % kExt4BlockBytes != 0 : FaultCode(bytes.status()) != "MALFORMED") {
    std::abort();
  }
  return 0;
}
