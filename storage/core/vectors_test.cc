// The first implementation against the second (tests/testdata/storage/make_vectors.py), on headers
// that real disks had: every header format must stay acceptable (S6).
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "house/folders.h"
#include "storage/core/extent_record.h"
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

INSTANTIATE_TEST_SUITE_P(Disks, StorageVectorsTest,
                         ::testing::Values("disk-v1", "disk-v2", "disk-v3"), [](const auto& test) {
                           return "Format" + std::string(test.param).substr(6);
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

TEST(StorageVectorsOfFormat3Test, ExtentRecordOfARealDisk) {
  const nlohmann::json vectors = nlohmann::json::parse(ReadFile("vectors.json")).at("disk-v3");
  const auto text = [&vectors](const char* name) { return vectors.at(name).get<std::string>(); };
  ASSERT_OK_AND_ASSIGN(const StateDiskKeys keys,
                       DeriveStateDiskKeys(SecretBytes::CopyOf(*FromHex(text("dek"))).value()));
  EXPECT_EQ(KeyHex(keys.extent), text("extent_key"));
  ASSERT_OK_AND_ASSIGN(const ExtentRecord record,
                       ReadExtentRecord(ToBytes(ReadFile("disk-v3/extent.bin")), keys.extent));
  EXPECT_EQ(ToHex(record.disk), text("header_digest"));
  EXPECT_EQ(record.disk_counter, vectors.at("disk_counter").get<uint64_t>());
  EXPECT_EQ(record.prepared, vectors.at("extent_prepared").get<uint64_t>());
}

}  // namespace
}  // namespace kedge
