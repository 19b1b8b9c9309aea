#include "storage/luks/luks_state_disk.h"

#include <absl/cleanup/cleanup.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/host/files.h"
#include "storage/core/extent_record.h"
#include "storage/core/header_advance.h"
#include "storage/core/live_table.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/core/marker.h"
#include "storage/luks/block_disk.h"
#include "storage/luks/crypt_volume.h"
#include "storage/luks/ext4_growth.h"
#include "storage/luks/file_system.h"
#include "storage/luks/header_memfd.h"
#include "storage/luks/mappings.h"
#include "storage/luks/state_extent.h"

namespace kedge {
namespace {

// Share of Format's progress that the wipe takes; the file system takes the rest.
constexpr int kWipePercent = 95;

// Opens the volume from the verified header's region alone, and checks what the kernel then runs.
Status MapAndCheck(const VerifiedHeader& header, const StateDiskKeys& keys,
                   const std::string& disk_path, dev_t disk, const std::string& mapping) {
  ASSIGN_OR_RETURN(const HeaderMemfd memfd, HeaderMemfd::SealedCopy(header.region()));
  {
    ASSIGN_OR_RETURN(CryptVolume volume, CryptVolume::Load(memfd.path(), disk_path));
    RETURN_IF_ERROR(volume.Activate(mapping, keys.keyslot));
  }
  ASSIGN_OR_RETURN(const LiveTables live, ReadLiveTables(mapping));
  ExpectedTables expected;
  expected.data_sectors = header.token().data_sectors;
  expected.uuid = header.uuid();
  expected.disk = DeviceNumber(disk);
  ASSIGN_OR_RETURN(expected.integrity_device, MappedDeviceNumber(IntegrityName(mapping)));
  return CheckLiveTables(live, expected);
}

uint64_t DataBytes(const VerifiedHeader& header) {
  return header.token().data_sectors * kDeviceMapperSectorBytes;
}

// How much of a device Format prepares.
uint64_t FormatExtent(uint64_t data_bytes) {
  return std::min(kFormatExtentBytes, data_bytes / kLuksSectorBytes * kLuksSectorBytes);
}

bool HasExtent(const VerifiedHeader& header) { return header.token().format == kHeaderFormat; }

// A new header in memory over a freshly prepared extent, with its MAC.
StatusOr<Bytes> MakeVolume(const std::string& disk_path, dev_t disk, uint64_t disk_bytes,
                           const std::string& mapping, const StateDiskKeys& keys,
                           const DiskBinding& binding, uint64_t disk_counter,
                           const std::function<void(int)>& progress) {
  ASSIGN_OR_RETURN(const HeaderMemfd memfd, HeaderMemfd::ForNewHeader());
  const absl::Cleanup unmap = [disk, &mapping] { RemoveMappingsOn(disk, mapping).IgnoreError(); };
  ASSIGN_OR_RETURN(CryptVolume volume, CryptVolume::Create(memfd.path(), disk_path,
                                                           JournalBytes(disk_bytes), keys.keyslot));
  RETURN_IF_ERROR(volume.ActivateForWipe(mapping));
  HeaderToken token;
  token.dek_generation = binding.dek_generation;
  token.disk_counter = disk_counter;
  {
    ASSIGN_OR_RETURN(const BlockDisk mapped, BlockDisk::OpenForReading("/dev/mapper/" + mapping));
    token.data_sectors = mapped.bytes() / kDeviceMapperSectorBytes;
  }
  const uint64_t extent = FormatExtent(token.data_sectors * kDeviceMapperSectorBytes);
  RETURN_IF_ERROR(volume.Wipe(mapping, extent, [&progress](int percent) {
    if (progress) progress(percent * kWipePercent / 100);
  }));
  RETURN_IF_ERROR(RemoveMappingsOn(disk, mapping));
  RETURN_IF_ERROR(volume.SetToken(token));
  ASSIGN_OR_RETURN(const Bytes region, memfd.Read(kLuksHeaderRegionBytes));
  return WithHeaderMac(region, disk_bytes, keys.header_mac, binding);
}

StatusOr<VerifiedHeader> ParseAndVerify(ByteView region, uint64_t disk_bytes,
                                        const StateDiskKeys& keys, const DiskBinding& binding) {
  ASSIGN_OR_RETURN(UnverifiedHeader header, ParseHeader(region, disk_bytes));
  return VerifiedHeader::Verify(std::move(header), keys.header_mac, binding);
}

// The header of a disk as it is now, read once. No key is made for one that is not accepted.
StatusOr<UnverifiedHeader> ReadAcceptedHeader(const BlockDisk& disk) {
  ASSIGN_OR_RETURN(const Bytes prefix, disk.ReadPrefix(kDiskPrefixBytes));
  const DiskInspection inspection = InspectPrefix(prefix, disk.bytes());
  if (inspection.content == DiskContent::kBlank) {
    return Refused("DISK_BLANK",
                   "the state disk is blank, expected this node's encrypted disk; "
                   "check which disk is attached, it was not formatted");
  }
  if (inspection.content == DiskContent::kForeign) {
    return Refused("HEADER_NOT_ACCEPTED", inspection.detail);
  }
  return ParseHeader(ByteView(prefix).first(kLuksHeaderRegionBytes), disk.bytes());
}

// Verified, with one of `counters`.
StatusOr<VerifiedHeader> CurrentHeader(UnverifiedHeader read, const StateDiskKeys& keys,
                                       const DiskBinding& binding, const DiskCounters& counters) {
  ASSIGN_OR_RETURN(VerifiedHeader header,
                   VerifiedHeader::Verify(std::move(read), keys.header_mac, binding));
  RETURN_IF_ERROR(CheckDiskCounter(header.token().disk_counter, counters));
  return header;
}

// Once its journal was replayed, a file system may say that it is larger than before.
Status CheckMountedEnd(const ExtentRecord& extent, const std::string& file_system) {
  ASSIGN_OR_RETURN(const uint64_t bytes, Ext4BytesOn(file_system));
  return CheckFileSystemEnd(extent, bytes);
}

}  // namespace

UserKey ExtentKeyInKernel(const std::string& mapping) {
  return {"kedge:extent-of:" + mapping, {.least = kStateDiskKeyBytes, .most = kStateDiskKeyBytes}};
}

LuksStateDisk::LuksStateDisk(Options options) : options_(std::move(options)) {
  static std::once_flag once;
  std::call_once(once, [] {
    SetUpCryptsetup();
    SetUpDeviceMapper();
  });
}

std::string LuksStateDisk::FileSystemPath(const VerifiedHeader& header) const {
  return "/dev/mapper/" + (HasExtent(header) ? FileSystemName(options_.mapping) : options_.mapping);
}

std::string LuksStateDisk::MarkerPath() const {
  return UnverifiedMountPoint() + "/" + std::string(kMarkerFile);
}

StatusOr<DiskInspection> LuksStateDisk::Inspect() {
  ASSIGN_OR_RETURN(const BlockDisk disk, BlockDisk::OpenForReading(options_.device));
  ASSIGN_OR_RETURN(const Bytes prefix, disk.ReadPrefix(kDiskPrefixBytes));
  return InspectPrefix(prefix, disk.bytes());
}

StatusOr<Sha256Digest> LuksStateDisk::Format(const SecretBytes& dek, const DiskBinding& binding,
                                             uint64_t disk_counter,
                                             const std::function<void(int)>& progress) {
  const absl::MutexLock lock(&mutex_);
  return FormatHere(dek, binding, disk_counter, progress);
}

StatusOr<OpenedDisk> LuksStateDisk::Open(const SecretBytes& dek, const DiskBinding& binding,
                                         const DiskCounters& counters, const ContentCheck& check) {
  const absl::MutexLock lock(&mutex_);
  return OpenHere(dek, binding, counters, check);
}

StatusOr<OpenedDisk> LuksStateDisk::Advance(const SecretBytes& dek, const DiskBinding& binding,
                                            const DiskCounters& counters) {
  const absl::MutexLock lock(&mutex_);
  return AdvanceHere(dek, binding, counters);
}

Status LuksStateDisk::Close() {
  const absl::MutexLock lock(&mutex_);
  return CloseHere();
}

StatusOr<Sha256Digest> LuksStateDisk::FormatHere(const SecretBytes& dek, const DiskBinding& binding,
                                                 uint64_t disk_counter,
                                                 const std::function<void(int)>& progress) {
  ASSIGN_OR_RETURN(const StateDiskKeys keys, DeriveStateDiskKeys(dek));
  dev_t number = 0;
  uint64_t bytes = 0;
  {
    ASSIGN_OR_RETURN(const BlockDisk found, BlockDisk::OpenForReading(options_.device));
    RETURN_IF_ERROR(ClearLeftovers(found.number()));
  }
  {
    ASSIGN_OR_RETURN(const BlockDisk disk, BlockDisk::OpenForWriting(options_.device));
    number = disk.number();
    bytes = disk.bytes();
    if (bytes < kStateDiskMinBytes) {
      return Refused("DISK_TOO_SMALL", "the state disk has " + std::to_string(bytes) +
                                           " bytes; attach one of at least 32 MiB");
    }
    // The header first: from here on the old content is gone, and the disk reads as blank.
    RETURN_IF_ERROR(disk.ZeroPrefix(kLuksDataOffset));
  }
  ASSIGN_OR_RETURN(const Bytes region, MakeVolume(options_.device, number, bytes, options_.mapping,
                                                  keys, binding, disk_counter, progress));
  ASSIGN_OR_RETURN(const VerifiedHeader header, ParseAndVerify(region, bytes, keys, binding));
  // The same way in as Open: what does not open again is never written as a header.
  Status status = MapAndCheck(header, keys, options_.device, number, options_.mapping);
  const std::string file_system = FileSystemPath(header);
  if (status.ok()) {
    status = CreateExtent(options_.mapping,
                          {.disk = header.Digest(),
                           .disk_counter = disk_counter,
                           .prepared = FormatExtent(DataBytes(header))},
                          keys.extent);
  }
  if (status.ok()) status = MakeExt4(options_.mkfs_programs, file_system, DataBytes(header));
  if (status.ok()) {
    status = MountExt4(file_system, UnverifiedMountPoint(), MountAccess::kReadWrite);
  }
  if (status.ok()) {
    status =
        WriteFileAtomically(MarkerPath(), MakeMarker(keys.marker, binding, header.uuid()), 0600);
  }
  const Status closed = CloseHere();
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(closed);
  ASSIGN_OR_RETURN(const BlockDisk disk, BlockDisk::OpenForWriting(options_.device));
  if (disk.number() != number) return Internal("the state disk was exchanged during the format");
  RETURN_IF_ERROR(disk.Write(0, region));
  if (progress) progress(100);
  return header.Digest();
}

StatusOr<OpenedDisk> LuksStateDisk::OpenHere(const SecretBytes& dek, const DiskBinding& binding,
                                             const DiskCounters& counters,
                                             const ContentCheck& check) {
  ASSIGN_OR_RETURN(const BlockDisk disk, BlockDisk::OpenForReading(options_.device));
  RETURN_IF_ERROR(ClearLeftovers(disk.number()));
  ASSIGN_OR_RETURN(UnverifiedHeader read, ReadAcceptedHeader(disk));
  ASSIGN_OR_RETURN(const StateDiskKeys keys, DeriveStateDiskKeys(dek));
  ASSIGN_OR_RETURN(const VerifiedHeader header,
                   CurrentHeader(std::move(read), keys, binding, counters));
  Status status = MapAndCheck(header, keys, options_.device, disk.number(), options_.mapping);
  std::optional<ExtentRecord> extent;
  if (status.ok() && HasExtent(header)) {
    StatusOr<ExtentRecord> opened =
        OpenExtent(options_.mapping, keys.extent,
                   {.disk = header.Digest(), .disk_counter = header.token().disk_counter});
    status = opened.status();
    if (opened.ok()) extent = *opened;
  }
  const std::string file_system = FileSystemPath(header);
  if (status.ok()) {
    status = MountExt4(file_system, UnverifiedMountPoint(), MountAccess::kReadOnly);
  }
  if (status.ok() && extent) status = CheckMountedEnd(*extent, file_system);
  if (status.ok()) status = CheckContent(header, keys, binding, check);
  if (status.ok() && extent) {
    status = ExtentKeyInKernel(options_.mapping).Keep(keys.extent);
  }
  if (status.ok()) status = Unmount(UnverifiedMountPoint());
  if (status.ok()) {
    status = MountExt4(file_system, options_.mount_point, MountAccess::kReadWrite);
  }
  if (!status.ok()) {
    CloseHere().IgnoreError();
    return status;
  }
  return OpenedDisk{.header_digest = header.Digest(), .disk_counter = header.token().disk_counter};
}

Status LuksStateDisk::CheckContent(const VerifiedHeader& header, const StateDiskKeys& keys,
                                   const DiskBinding& binding, const ContentCheck& check) {
  const auto marker = ReadFileBounded(MarkerPath(), kMarkerMaxBytes);
  RETURN_IF_ERROR(
      CheckMarker(marker.ok() ? *marker : Bytes(), keys.marker, binding, header.uuid()));
  return check(header.token().disk_counter,
               [this](const std::string& name, size_t max) -> StatusOr<std::optional<Bytes>> {
                 StatusOr<Bytes> file = ReadFileBounded(UnverifiedMountPoint() + "/" + name, max);
                 if (absl::IsNotFound(file.status())) return std::optional<Bytes>();
                 RETURN_IF_ERROR(file.status());
                 return std::optional<Bytes>(*std::move(file));
               });
}

// Read again, through the same gate as at the opening: the host may have changed it since.
StatusOr<OpenedDisk> LuksStateDisk::AdvanceHere(const SecretBytes& dek, const DiskBinding& binding,
                                                const DiskCounters& counters) {
  ASSIGN_OR_RETURN(const BlockDisk disk, BlockDisk::OpenForHeaderWrites(options_.device));
  ASSIGN_OR_RETURN(UnverifiedHeader read, ReadAcceptedHeader(disk));
  ASSIGN_OR_RETURN(const StateDiskKeys keys, DeriveStateDiskKeys(dek));
  ASSIGN_OR_RETURN(const VerifiedHeader header,
                   CurrentHeader(std::move(read), keys, binding, counters));
  ASSIGN_OR_RETURN(const HeaderAdvance advance,
                   PlanAdvance(header, disk.bytes(), counters.next, keys.header_mac, binding));
  if (HasExtent(header)) {
    RETURN_IF_ERROR(
        AdvanceExtent(options_.mapping, keys.extent,
                      {.disk = header.Digest(), .disk_counter = header.token().disk_counter},
                      advance.disk.disk_counter));
  }
  for (const HeaderWrite& write : advance.writes) {
    RETURN_IF_ERROR(disk.Write(write.offset, write.content));
    options_.on_header_write();
  }
  return advance.disk;
}

Status LuksStateDisk::CloseHere() {
  ASSIGN_OR_RETURN(const BlockDisk disk, BlockDisk::OpenForReading(options_.device));
  RETURN_IF_ERROR(Unmount(options_.mount_point));
  return ClearLeftovers(disk.number());
}

Status LuksStateDisk::ClearLeftovers(dev_t disk) {
  RETURN_IF_ERROR(Unmount(UnverifiedMountPoint()));
  return RemoveMappingsOn(disk, options_.mapping);
}

}  // namespace kedge
