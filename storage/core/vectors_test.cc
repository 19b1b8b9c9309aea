// The first implementation against the second (tests/testdata/storage/make_vectors.py), on a header
// that a real Format left: header format 1 must stay acceptable (S6).
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

class StorageVectorsTest : public ::testing::Test {
 protected:
  std::string Text(const char* name) const { return vectors_.at(name).get<std::string>(); }

  const nlohmann::json vectors_ = nlohmann::json::parse(ReadFile("vectors.json"));
  const Bytes region_ = ToBytes(ReadFile("disk-v1/header.bin"));
  const DiskBinding binding_{.cluster_id_hex = Text("cluster_id"),
                             .node = Text("node"),
                             .volume = Text("volume"),
                             .dek_generation = vectors_.at("dek_generation").get<uint32_t>()};
  const StateDiskKeys keys_ =
      DeriveStateDiskKeys(SecretBytes::CopyOf(FromHex(Text("dek")).value()).value()).value();
};

TEST_F(StorageVectorsTest, Keys) {
  EXPECT_EQ(KeyHex(keys_.header_mac), Text("header_mac_key"));
  EXPECT_EQ(KeyHex(keys_.keyslot), Text("keyslot_key"));
  EXPECT_EQ(KeyHex(keys_.marker), Text("marker_key"));
}

TEST_F(StorageVectorsTest, HeaderOfARealDisk) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader header,
                       ParseHeader(region_, vectors_.at("disk_bytes").get<uint64_t>()));
  EXPECT_EQ(header.uuid, Text("uuid"));
  EXPECT_EQ(ToHex(HeaderDigest(header)), Text("header_digest"));
  EXPECT_EQ(ToHex(HeaderMac(keys_.header_mac, header, binding_)), Text("header_mac"));
  EXPECT_OK(VerifiedHeader::Verify(header, keys_.header_mac, binding_));
}

TEST_F(StorageVectorsTest, Marker) {
  EXPECT_EQ(ToHex(MakeMarker(keys_.marker, binding_, Text("uuid"))), Text("marker"));
}

}  // namespace
}  // namespace kedge
