#include "storage/core/marker.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

constexpr char kUuid[] = "17aa7ebd-56a7-4afa-9017-250f0714f63f";

class MarkerTest : public ::testing::Test {
 protected:
  const SecretBytes key_ = SecretBytes::CopyOf(Bytes(32, 0x22)).value();
  const DiskBinding binding_{
      .cluster_id_hex = std::string(64, 'c'), .node = "node-1", .volume = "state"};
  const Bytes marker_ = MakeMarker(key_, binding_, kUuid);
};

TEST_F(MarkerTest, OwnMarkerPasses) {
  EXPECT_LE(marker_.size(), kMarkerMaxBytes);
  EXPECT_OK(CheckMarker(marker_, key_, binding_, kUuid));
}

TEST_F(MarkerTest, AnyOtherContentIsRefused) {
  for (size_t i = 0; i < marker_.size(); ++i) {
    Bytes flipped = marker_;
    flipped[i] ^= 0x80;
    EXPECT_THAT(CheckMarker(flipped, key_, binding_, kUuid), HasFault("MARKER_MISSING")) << i;
  }
  Bytes longer = marker_;
  longer.push_back(0);
  EXPECT_THAT(CheckMarker(longer, key_, binding_, kUuid), HasFault("MARKER_MISSING"));
  EXPECT_THAT(CheckMarker({}, key_, binding_, kUuid), HasFault("MARKER_MISSING"));
}

TEST_F(MarkerTest, BelongsToOneDiskOfOneNode) {
  DiskBinding cluster = binding_, node = binding_, volume = binding_, generation = binding_;
  cluster.cluster_id_hex[0] = 'd';
  node.node = "node-2";
  volume.volume = "data";
  generation.dek_generation = 2;
  for (const DiskBinding& other : {cluster, node, volume, generation}) {
    EXPECT_THAT(CheckMarker(marker_, key_, other, kUuid), HasFault("MARKER_MISSING"));
  }
  EXPECT_THAT(CheckMarker(marker_, key_, binding_, "27aa7ebd-56a7-4afa-9017-250f0714f63f"),
              HasFault("MARKER_MISSING"));
  const SecretBytes other_key = SecretBytes::CopyOf(Bytes(32, 0x23)).value();
  EXPECT_THAT(CheckMarker(marker_, other_key, binding_, kUuid), HasFault("MARKER_MISSING"));
}

}  // namespace
}  // namespace kedge
