#include "storage/core/extent_record.h"

#include <string>

#include "base/lp.h"
#include "base/reader.h"
#include "storage/core/luks_layout.h"

namespace kedge {
namespace {

constexpr std::string_view kLabel = "kedge/1 state extent";
constexpr uint32_t kVersion = 1;

Status Damaged(std::string_view what) {
  return MakeFault(
      StatusCode::kDataLoss, "EXTENT_DAMAGED", Advice::kAskOperator,
      "the record of what was prepared on the state disk is damaged: " + std::string(what) +
          "; restore the disk from a copy or let its owner replace it, it was left "
          "as it is and is not formatted for this");
}

Status Stale(const std::string& what) {
  return Refused("EXTENT_STALE", "the state disk shows older sectors than it was left with: " +
                                     what + "; nothing on it was used or changed");
}

// Everything before the MAC.
Bytes FieldsOf(const ExtentRecord& record) {
  LpWriter fields;
  fields.Add(kLabel)
      .AddU32(kVersion)
      .Add(record.disk)
      .AddU64(record.disk_counter)
      .AddU64(record.prepared);
  return std::move(fields).Take();
}

// The fields of fixed width that follow the label and the version.
StatusOr<ExtentRecord> ParseFields(Reader& reader) {
  ASSIGN_OR_RETURN(const ByteView disk, reader.Lp(Sha256Digest{}.size()));
  ASSIGN_OR_RETURN(const ByteView counter, reader.Lp(sizeof(uint64_t)));
  ASSIGN_OR_RETURN(const ByteView prepared, reader.Lp(sizeof(uint64_t)));
  Reader counter_reader(counter), prepared_reader(prepared);
  ExtentRecord record;
  const auto digest = ToArray<32>(disk);
  if (!digest) return Malformed("disk digest");
  record.disk = *digest;
  ASSIGN_OR_RETURN(record.disk_counter, counter_reader.U64Be());
  ASSIGN_OR_RETURN(record.prepared, prepared_reader.U64Be());
  return record;
}

}  // namespace

Bytes RenderExtentRecord(const ExtentRecord& record, const SecretBytes& extent_key) {
  const Bytes fields = FieldsOf(record);
  Bytes block = LpWriter().Raw(fields).Add(HmacSha256(extent_key, fields)).bytes();
  block.resize(kExtentRecordBytes, 0);
  return block;
}

StatusOr<ExtentRecord> ReadExtentRecord(ByteView block, const SecretBytes& extent_key) {
  if (block.size() != kExtentRecordBytes) return Damaged("expected a block of 4096 bytes");
  Reader reader(block);
  const auto label = reader.Lp(kLabel.size());
  if (!label.ok() || AsText(*label) != kLabel) return Damaged("no record is there");
  const auto version = reader.Lp(sizeof(kVersion));
  if (!version.ok() || !Equal(*version, U32Be(kVersion))) {
    return Damaged("expected version 1; a newer Kedge may have written it");
  }
  const auto record = ParseFields(reader);
  if (!record.ok()) return Damaged(MessageOf(record.status()));
  // Only what would be written again is accepted, the zeros behind the record included.
  if (!ConstantTimeEqual(block, RenderExtentRecord(*record, extent_key))) {
    return Damaged("its MAC is not this disk's");
  }
  if (record->prepared % kLuksSectorBytes != 0 || record->prepared <= kFileSystemOffset) {
    return Damaged("its end is no whole sector behind the beginning of the file system");
  }
  return *record;
}

Status CheckExtentRecord(const ExtentRecord& record, const ExtentExpectation& expected,
                         uint64_t device_bytes) {
  if (record.disk != expected.disk) return Damaged("it belongs to another disk");
  if (record.prepared > device_bytes) return Damaged("it ends behind the device");
  if (record.disk_counter < expected.disk_counter) {
    return Stale("the extent record was written at disk counter " +
                 std::to_string(record.disk_counter) + ", the header is at " +
                 std::to_string(expected.disk_counter));
  }
  return Status();
}

Status CheckFileSystemEnd(const ExtentRecord& record, uint64_t file_system_bytes) {
  const uint64_t room = record.prepared - kFileSystemOffset;
  if (file_system_bytes <= room) return Status();
  return Stale("the file system has " + std::to_string(file_system_bytes) +
               " bytes, the extent record leaves room for " + std::to_string(room));
}

}  // namespace kedge
