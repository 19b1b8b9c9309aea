#include "storage/luks/testing/uml_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/status_matchers.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/luks/crypt_volume.h"
#include "storage/luks/header_memfd.h"
#include "storage/luks/unique_fd.h"

namespace kedge::luks_uml {

Status AnyContent(uint64_t, const ReadStateFile&) { return Status(); }

SecretBytes Dek(uint8_t fill) { return SecretBytes::CopyOf(Bytes(32, fill)).value(); }

std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

size_t RawSize() {
  const UniqueFd fd(open(kDisk, O_RDONLY | O_CLOEXEC));
  return static_cast<size_t>(lseek(fd.get(), 0, SEEK_END));
}

Bytes ReadRaw(uint64_t offset, size_t size) {
  const UniqueFd fd(open(kDisk, O_RDONLY | O_CLOEXEC));
  Bytes out(size);
  EXPECT_EQ(pread(fd.get(), out.data(), size, static_cast<off_t>(offset)),
            static_cast<ssize_t>(size));
  return out;
}

std::vector<Sha256Digest> RawBlocks() {
  std::vector<Sha256Digest> blocks;
  constexpr uint64_t kPiece = uint64_t{1} << 20;
  for (uint64_t offset = 0; offset < RawSize(); offset += kPiece) {
    const Bytes piece = ReadRaw(offset, std::min<uint64_t>(kPiece, RawSize() - offset));
    for (size_t at = 0; at < piece.size(); at += kLuksSectorBytes) {
      blocks.push_back(Sha256(ByteView(piece).subspan(at, kLuksSectorBytes)));
    }
  }
  return blocks;
}

void WriteRaw(uint64_t offset, ByteView content) {
  const UniqueFd fd(open(kDisk, O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(pwrite(fd.get(), content.data(), content.size(), static_cast<off_t>(offset)),
            static_cast<ssize_t>(content.size()));
  ASSERT_EQ(fsync(fd.get()), 0);
}

void FlipRaw(uint64_t offset) {
  Bytes byte = ReadRaw(offset, 1);
  byte[0] ^= 0x01;
  WriteRaw(offset, byte);
}

bool IsMounted() { return ReadText("/proc/self/mounts").find(kMountPoint) != std::string::npos; }

bool IsMapped() {
  return access("/dev/mapper/kedge-state", F_OK) == 0 ||
         access("/dev/mapper/kedge-state_dif", F_OK) == 0;
}

void DiskTest::SetUp() {
  // The kernel of User-mode Linux names its devices so; the test would harm any other disk.
  ASSERT_NE(ReadText("/proc/cpuinfo").find("User Mode Linux"), std::string::npos)
      << "run this under tests/uml/run";
}

Sha256Digest DiskTest::FormatDisk() {
  const auto digest = disk_.Format(dek_, binding_, kFresh.next, nullptr);
  EXPECT_OK(digest);
  return digest.value_or(Sha256Digest{});
}

void DiskTest::ExpectRefused(const std::string& fault, const DiskCounters& counters) {
  EXPECT_THAT(disk_.Open(dek_, binding_, counters, AnyContent), HasFault(fault));
  EXPECT_FALSE(IsMounted());
  EXPECT_FALSE(IsMapped());
}

void DiskTest::MapBelow() {
  ASSERT_OK_AND_ASSIGN(const HeaderMemfd memfd,
                       HeaderMemfd::SealedCopy(ReadRaw(0, kLuksHeaderRegionBytes)));
  ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys, DeriveStateDiskKeys(dek_));
  ASSERT_OK_AND_ASSIGN(CryptVolume volume, CryptVolume::Load(memfd.path(), kDisk));
  ASSERT_OK(volume.Activate("kedge-state", keys.keyslot));
}

}  // namespace kedge::luks_uml
