// The first implementation against the second (tests/testdata/storage/make_vectors.py), on headers
// that real disks had: every header format must stay acceptable (S6).
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "house/folders.h"
#include "storage/core/luks_header.h"
#include "storage/core/marker.h"

namespace kedge {
namespace {

constexpr char kFolder[] = KEDGE_SOURCE_DIR "/tests/testdata/storage/";

std::string ReadFile(const std::string& name) {
  std::ifstream in(kFolder + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string KeyHex(const SecretBytes& key) {
  return key.Reveal([](ByteView bytes) { return ToHex(bytes); });
}

class StorageVectorsTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string Text(const char* name) const { return vectors_.at(name).get<std::string>(); }
  uint64_t Number(const char* name) const { return vectors_.at(name).get<uint64_t>(); }

  const nlohmann::json vectors_ = nlohmann::json::parse(ReadFile("vectors.json")).at(GetParam());
  const Bytes region_ = ToBytes(ReadFile(std::string(GetParam()) + "/header.bin"));
  const DiskBinding binding_{.cluster_id_hex = Text("cluster_id"),
                             .node = Text("node"),
                             .volume = Text("volume"),
                             .dek_generation = static_cast<uint32_t>(Number("dek_generation"))};
  const StateDiskKeys keys_ =
      DeriveStateDiskKeys(SecretBytes::CopyOf(FromHex(Text("dek")).value()).value()).value();
};

INSTANTIATE_TEST_SUITE_P(Disks, StorageVectorsTest, ::testing::Values("disk-v1", "disk-v2"),
                         [](const auto& test) {
                           return std::string(test.param) == "disk-v1" ? "Format1" : "Format2";
                         });

TEST_P(StorageVectorsTest, Keys) {
  EXPECT_EQ(KeyHex(keys_.header_mac), Text("header_mac_key"));
  EXPECT_EQ(KeyHex(keys_.keyslot), Text("keyslot_key"));
  EXPECT_EQ(KeyHex(keys_.marker), Text("marker_key"));
}

TEST_P(StorageVectorsTest, HeaderOfARealDisk) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader header, ParseHeader(region_, Number("disk_bytes")));
  EXPECT_EQ(header.uuid, Text("uuid"));
  EXPECT_EQ(header.image.token.disk_counter, Number("disk_counter"));
  EXPECT_EQ(ToHex(HeaderDigest(header)), Text("header_digest"));
  EXPECT_EQ(ToHex(HeaderMac(keys_.header_mac, header.image, binding_)), Text("header_mac"));
  EXPECT_OK(VerifiedHeader::Verify(header, keys_.header_mac, binding_));
}

TEST_P(StorageVectorsTest, Marker) {
  EXPECT_EQ(ToHex(MakeMarker(keys_.marker, binding_, Text("uuid"))), Text("marker"));
}

}  // namespace
}  // namespace kedge
