#include "attestation/model/measured_event.h"

#include <gtest/gtest.h>

#include "base/lp.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

ClusterId TestClusterId() {
  ClusterId id{};
  id.fill(0x11);
  return id;
}

std::vector<MeasuredEvent> WholeBoot() {
  return {InitDataEvent(AsBytes("invitation")), ClusterIdEvent(TestClusterId()),
          NodeEvent("worker", Sha256(AsBytes("manifest")), Sha256(AsBytes("ca"))), CapEvent()};
}

// The vectors of docs/MEASUREMENTS.md: changing one of them locks every existing node out.
TEST(MeasuredEvent, BytesAreThoseOfTheDocument) {
  EXPECT_EQ(ToHex(ClusterIdEvent(TestClusterId()).content),
            "000000126b656467652f3120636c75737465722d69640000002011111111111111111111111111111111"
            "11111111111111111111111111111111");
  EXPECT_EQ(
      ToHex(InitDataEvent(AsBytes("invitation")).content),
      "000000116b656467652f3120696e69742d6461746100000020" + ToHex(Sha256(AsBytes("invitation"))));
  EXPECT_EQ(ToHex(NodeEvent("worker", Sha256(AsBytes("manifest")), Sha256(AsBytes("ca"))).content),
            "0000000c6b656467652f31206e6f646500000006776f726b657200000020" +
                ToHex(Sha256(AsBytes("manifest"))) + "00000020" + ToHex(Sha256(AsBytes("ca"))));
  EXPECT_EQ(ToHex(CapEvent().content), "0000000b6b656467652f3120636170");
}

TEST(MeasuredEvent, IndicesAreThoseOfTheDesign) {
  EXPECT_EQ(ClusterIdEvent(TestClusterId()).pcr, 15u);
  EXPECT_EQ(InitDataEvent({}).pcr, 14u);
  EXPECT_EQ(NodeEvent("worker", {}, {}).pcr, 14u);
  EXPECT_EQ(CapEvent().pcr, 14u);
}

TEST(MeasuredEvent, ExtendHashesOldValueThenDigest) {
  const Bytes zero(32, 0);
  const Sha256Digest content = Sha256(AsBytes("x"));
  EXPECT_EQ(ToHex(ExtendedPcr(PcrBank::kSha256, zero, AsBytes("x"))),
            ToHex(Sha256({zero, content})));
  EXPECT_EQ(ExtendedPcr(PcrBank::kSha1, ZeroPcr(PcrBank::kSha1), AsBytes("x")).size(), 20u);
  EXPECT_EQ(ExtendedPcr(PcrBank::kSha384, ZeroPcr(PcrBank::kSha384), AsBytes("x")).size(), 48u);
  EXPECT_EQ(ExtendedPcr(PcrBank::kSha512, ZeroPcr(PcrBank::kSha512), AsBytes("x")).size(), 64u);
}

TEST(MeasuredEvent, ClassifiesPristineAlreadyMeasuredAndForeign) {
  const MeasuredEvent event = CapEvent();
  const Bytes before = ExtendedPcr(PcrBank::kSha256, ZeroPcr(PcrBank::kSha256), AsBytes("earlier"));
  const Bytes after = ExtendedPcr(PcrBank::kSha256, before, event.content);
  EXPECT_EQ(ClassifyPcr(PcrBank::kSha256, before, before, event), PcrClass::kPristine);
  EXPECT_EQ(ClassifyPcr(PcrBank::kSha256, after, before, event), PcrClass::kAlreadyMeasured);
  EXPECT_EQ(ClassifyPcr(PcrBank::kSha256, ZeroPcr(PcrBank::kSha256), before, event),
            PcrClass::kForeign);
  EXPECT_EQ(ClassifyPcr(PcrBank::kSha256, {}, before, event), PcrClass::kForeign);
  const Bytes twice = ExtendedPcr(PcrBank::kSha256, after, event.content);
  EXPECT_EQ(ClassifyPcr(PcrBank::kSha256, twice, before, event), PcrClass::kForeign);
}

TEST(CheckEventOrder, AcceptsEveryPrefixOfABoot) {
  const std::vector<MeasuredEvent> boot = WholeBoot();
  for (size_t n = 0; n <= boot.size(); ++n) {
    EXPECT_OK(CheckEventOrder(std::span(boot).first(n))) << n;
  }
}

TEST(CheckEventOrder, RefusesDuplicatesGapsStrangersAndWrongLabels) {
  const MeasuredEvent init = InitDataEvent(AsBytes("invitation"));
  const MeasuredEvent node = NodeEvent("worker", {}, {});
  const MeasuredEvent cluster = ClusterIdEvent(TestClusterId());
  MeasuredEvent stranger = cluster;
  stranger.label = "cluster";
  MeasuredEvent other_pcr = cluster;
  other_pcr.pcr = 14;
  MeasuredEvent mislabelled = cluster;
  mislabelled.content = init.content;
  const std::vector<std::vector<MeasuredEvent>> bad = {
      {init, init},       {init, InitDataEvent(AsBytes("other"))}, {node},     {init, CapEvent()},
      {cluster, cluster}, {cluster, ClusterIdEvent(ClusterId{})},  {stranger}, {other_pcr},
      {mislabelled},      {init, node, CapEvent(), CapEvent()}};
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_THAT(CheckEventOrder(bad[i]), HasFault("EVENT_ORDER")) << i;
  }
}

}  // namespace
}  // namespace kedge
