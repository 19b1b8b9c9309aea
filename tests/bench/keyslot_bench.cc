// What Kedge adds to opening a keyslot: reading the header, the allow-list, key derivation, MAC,
// and the sealed copy, against libcryptsetup's own load and keyslot check of the same header file.
// No device-mapper: the keyslot is checked without mapping anything.
#include <libcryptsetup.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "house/folders.h"
#include "storage/core/luks_header.h"
#include "storage/core/luks_layout.h"
#include "storage/luks/crypt_volume.h"
#include "storage/luks/header_memfd.h"
#include "tests/bench/benches.h"
#include "tests/bench/measure.h"

namespace kedge::bench {
namespace {

constexpr char kHeader[] = KEDGE_SOURCE_DIR "/tests/testdata/storage/disk-v2/header.bin";
constexpr char kVectors[] = KEDGE_SOURCE_DIR "/tests/testdata/storage/vectors.json";

template <typename T>
T Must(StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << "\n";
  std::abort();
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class HeaderFile {
 public:
  explicit HeaderFile(const std::string& region) : size_(region.size()) {
    const int fd = mkstemp(path_.data());
    if (fd < 0 || write(fd, region.data(), size_) != static_cast<ssize_t>(size_) ||
        ftruncate(fd, static_cast<off_t>(kLuksDataOffset)) != 0) {
      std::abort();
    }
    close(fd);
  }
  ~HeaderFile() { unlink(path_.c_str()); }
  HeaderFile(const HeaderFile&) = delete;
  HeaderFile& operator=(const HeaderFile&) = delete;

  const std::string& path() const { return path_; }
  Bytes ReadRegion() const {
    Bytes region(size_);
    std::ifstream in(path_, std::ios::binary);
    in.read(reinterpret_cast<char*>(region.data()), static_cast<std::streamsize>(size_));
    return region;
  }

 private:
  std::string path_ = "/tmp/kedge-bench.XXXXXX";
  const size_t size_;
};

void CheckKeyslot(const std::string& header_path, const SecretBytes& key) {
  crypt_device* context = nullptr;
  if (crypt_init(&context, header_path.c_str()) != 0 ||
      crypt_load(context, CRYPT_LUKS2, nullptr) != 0) {
    std::cerr << "libcryptsetup does not load " << header_path << "\n";
    std::abort();
  }
  const int slot = key.Reveal([context](ByteView bytes) {
    return crypt_activate_by_passphrase(context, nullptr, CRYPT_ANY_SLOT,
                                        reinterpret_cast<const char*>(bytes.data()), bytes.size(),
                                        0);
  });
  crypt_free(context);
  if (slot != 0) std::abort();
}

}  // namespace

void BenchKeyslot(int rounds) {
  SetUpCryptsetup();
  const auto vectors = nlohmann::json::parse(ReadFile(kVectors)).at("disk-v2");
  const auto text = [&vectors](const char* name) { return vectors.at(name).get<std::string>(); };
  const SecretBytes dek = Must(SecretBytes::CopyOf(FromHex(text("dek")).value()));
  const uint64_t disk_bytes = vectors.at("disk_bytes").get<uint64_t>();
  const DiskBinding binding{.cluster_id_hex = text("cluster_id"),
                            .node = text("node"),
                            .volume = text("volume"),
                            .dek_generation = vectors.at("dek_generation").get<uint32_t>()};
  const SecretBytes keyslot_key = Must(DeriveStateDiskKeys(dek)).keyslot;
  // As large as the header area of a disk is.
  const HeaderFile file(ReadFile(kHeader));

  std::vector<double> whole, alone;
  for (int i = -3; i < rounds; ++i) {  // the first ones warm up
    absl::Duration before = ThreadCpu();
    {
      const Bytes region = file.ReadRegion();
      UnverifiedHeader header = Must(ParseHeader(region, disk_bytes));
      const StateDiskKeys keys = Must(DeriveStateDiskKeys(dek));
      Must(VerifiedHeader::Verify(std::move(header), keys.header_mac, binding));
      const HeaderMemfd memory = Must(HeaderMemfd::SealedCopy(region));
      CheckKeyslot(memory.path(), keys.keyslot);
    }
    const double total = Microseconds(ThreadCpu() - before);
    before = ThreadCpu();
    CheckKeyslot(file.path(), keyslot_key);
    const double base = Microseconds(ThreadCpu() - before);
    if (i < 0) continue;
    whole.push_back(total);
    alone.push_back(base);
  }
  const double ratio = Median(whole) / Median(alone);
  Report({{"bench", "keyslot_open"},
          {"unit", "us of CPU, medians"},
          {"rounds", rounds},
          {"header_validation_mac_keyslot", Median(whole)},
          {"keyslot_alone", Median(alone)},
          {"ratio", ratio}},
         ratio, 2.0);
}

}  // namespace kedge::bench
