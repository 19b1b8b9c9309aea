// Where things lie in the one LUKS2 layout that Kedge writes and accepts: LUKS2 On-Disk Format
// Specification 1.1.1, sections 2 and 3, with the sizes libcryptsetup 2.6 chooses for a 96-byte
// volume key. All sizes and offsets are bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kedge {

inline constexpr size_t kLuksBinaryHeaderBytes = 4096;
inline constexpr size_t kLuksJsonAreaBytes = 12288;
inline constexpr size_t kLuksCopyBytes = kLuksBinaryHeaderBytes + kLuksJsonAreaBytes;
// The primary copy, then the secondary.
inline constexpr size_t kLuksCopiesBytes = 2 * kLuksCopyBytes;
// One keyslot: 4,000 anti-forensic stripes of the 96-byte volume key, rounded up to 4,096.
inline constexpr size_t kLuksKeyslotAreaBytes = 385024;
// Everything that libcryptsetup reads of a header: both copies and the keyslot.
inline constexpr size_t kLuksHeaderRegionBytes = kLuksCopiesBytes + kLuksKeyslotAreaBytes;
inline constexpr uint64_t kLuksDataOffset = uint64_t{16} << 20;
inline constexpr size_t kLuksVolumeKeyBytes = 96;
inline constexpr uint32_t kLuksSectorBytes = 4096;
inline constexpr uint64_t kDeviceMapperSectorBytes = 512;
// A power cut leaves each stretch of this many bytes either old or new.
inline constexpr size_t kAtomicWriteBytes = 512;
// The sequence number that a format leaves (libcryptsetup 2.6); the digest covers it in place of
// the real one.
inline constexpr uint64_t kLuksFormatSequence = 4;

// Smallest disk that Format accepts: the journal, the tags and a file system must fit.
inline constexpr uint64_t kStateDiskMinBytes = uint64_t{32} << 20;

// The journal of dm-integrity on a new disk. Its own choice is a 128th of the device, up to 64 MiB,
// which is written at the format, read at each opening, and held in kernel memory while it is open:
// more than all the rest of a first boot. The size is not in the header; disks that were made with
// another one keep it.
inline constexpr uint64_t kMostJournalBytes = uint64_t{4} << 20;
constexpr uint64_t JournalBytes(uint64_t disk_bytes) {
  constexpr uint64_t kShare = 128;
  const uint64_t share = (disk_bytes - kLuksDataOffset) / kShare;
  return share < kMostJournalBytes ? share : kMostJournalBytes;
}

// Field offsets inside a 4,096-byte binary header (specification section 2.1).
struct LuksField {
  size_t offset;
  size_t size;
};
inline constexpr LuksField kLuksMagic{0, 6};
inline constexpr LuksField kLuksVersion{6, 2};
inline constexpr LuksField kLuksHeaderSize{8, 8};
inline constexpr LuksField kLuksSequence{16, 8};
inline constexpr LuksField kLuksLabel{24, 48};
inline constexpr LuksField kLuksChecksumAlgorithm{72, 32};
inline constexpr LuksField kLuksSalt{104, 64};
inline constexpr LuksField kLuksUuid{168, 40};
inline constexpr LuksField kLuksSubsystem{208, 48};
inline constexpr LuksField kLuksHeaderOffset{256, 8};
inline constexpr LuksField kLuksPadding{264, 184};
inline constexpr LuksField kLuksChecksum{448, 64};
inline constexpr LuksField kLuksPadding4096{512, 3584};

inline constexpr std::array<uint8_t, 6> kLuksPrimaryMagic{'L', 'U', 'K', 'S', 0xba, 0xbe};
inline constexpr std::array<uint8_t, 6> kLuksSecondaryMagic{'S', 'K', 'U', 'L', 0xba, 0xbe};

// Where a LUKS2 implementation looks for a secondary copy (specification section 2.2).
inline constexpr std::array<uint64_t, 9> kLuksSecondaryOffsets{
    0x4000, 0x8000, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0x200000, 0x400000};
// Reading this many bytes once is enough to classify a disk.
inline constexpr size_t kDiskPrefixBytes = 0x400000 + kLuksBinaryHeaderBytes;

}  // namespace kedge
