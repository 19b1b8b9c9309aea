#include "storage/luks/state_extent.h"

#include "storage/core/luks_layout.h"
#include "storage/luks/ext4_growth.h"
#include "storage/luks/extent_device.h"
#include "storage/luks/mappings.h"

namespace kedge {
namespace {

StatusOr<ExtentDevice> OpenMapped(const std::string& mapping) {
  return ExtentDevice::Open("/dev/mapper/" + mapping);
}

// A first block whose tag is wrong is a damaged record, and not an error of the disk at large.
StatusOr<ExtentRecord> ReadRecord(const ExtentDevice& device, const SecretBytes& extent_key,
                                  const ExtentExpectation& expected) {
  const auto block = device.ReadFirstBlock();
  if (FaultCode(block.status()) == "DISK_IO") {
    return Annotate(ReadExtentRecord({}, extent_key).status(), MessageOf(block.status()));
  }
  RETURN_IF_ERROR(block.status());
  ASSIGN_OR_RETURN(const ExtentRecord record, ReadExtentRecord(*block, extent_key));
  RETURN_IF_ERROR(CheckExtentRecord(record, expected, device.bytes()));
  return record;
}

}  // namespace

LinearWindow WindowOf(const ExtentRecord& record, const std::string& number) {
  return {.device = number,
          .start = kFileSystemOffset / kDeviceMapperSectorBytes,
          .length = (record.prepared - kFileSystemOffset) / kDeviceMapperSectorBytes};
}

Status CreateExtent(const std::string& mapping, const ExtentRecord& record,
                    const SecretBytes& extent_key) {
  ASSIGN_OR_RETURN(const ExtentDevice device, OpenMapped(mapping));
  RETURN_IF_ERROR(device.WriteFirstBlock(RenderExtentRecord(record, extent_key)));
  return CreateLinear(FileSystemName(mapping), WindowOf(record, device.number()));
}

StatusOr<ExtentRecord> OpenExtent(const std::string& mapping, const SecretBytes& extent_key,
                                  const ExtentExpectation& expected) {
  ASSIGN_OR_RETURN(const ExtentDevice device, OpenMapped(mapping));
  ASSIGN_OR_RETURN(const ExtentRecord record, ReadRecord(device, extent_key, expected));
  const std::string name = FileSystemName(mapping);
  const LinearWindow window = WindowOf(record, device.number());
  RETURN_IF_ERROR(CreateLinear(name, window));
  ASSIGN_OR_RETURN(const auto table, ReadTable(name));
  RETURN_IF_ERROR(CheckLinearTable(table, window));
  ASSIGN_OR_RETURN(const uint64_t file_system, Ext4BytesOn("/dev/mapper/" + name));
  RETURN_IF_ERROR(CheckFileSystemEnd(record, file_system));
  return record;
}

Status AdvanceExtent(const std::string& mapping, const SecretBytes& extent_key,
                     const ExtentExpectation& expected, uint64_t disk_counter) {
  ASSIGN_OR_RETURN(const ExtentDevice device, OpenMapped(mapping));
  ASSIGN_OR_RETURN(ExtentRecord record, ReadRecord(device, extent_key, expected));
  if (record.disk_counter >= disk_counter) return Status();
  record.disk_counter = disk_counter;
  return device.WriteFirstBlock(RenderExtentRecord(record, extent_key));
}

}  // namespace kedge
