#include "attestation/collateral/document.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge::collateral {
namespace {

const absl::Time kTime = absl::FromUnixSeconds(1'750'000'000);

Document Sample() { return {"https://host/path?x=1", kTime, "chain", {1, 2, 3}}; }

TEST(Document, ReadsBackAndRefusesEveryChange) {
  const Bytes good = EncodeDocument(Sample());
  ASSERT_OK_AND_ASSIGN(const Document read, DecodeDocument(good));
  EXPECT_EQ(read.url, Sample().url);
  EXPECT_EQ(read.fetched, kTime);
  EXPECT_EQ(read.issuer_chain_pem, "chain");
  EXPECT_EQ(read.body, (Bytes{1, 2, 3}));
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_THAT(DecodeDocument(ByteView(good).first(i)), HasFault("MALFORMED")) << i;
    Bytes bad = good;
    bad[i] ^= 1;
    EXPECT_THAT(DecodeDocument(bad), HasFault("MALFORMED")) << i;
  }
}

TEST(Watermark, ReadsBackAndIsNoDocument) {
  const Bytes good = EncodeWatermark({"tcb-info/x", {18}, kTime});
  ASSERT_OK_AND_ASSIGN(const Watermark read, DecodeWatermark(good));
  EXPECT_EQ(read.subject, "tcb-info/x");
  EXPECT_EQ(read.edition, Bytes{18});
  EXPECT_EQ(read.issued, kTime);
  EXPECT_THAT(DecodeDocument(good), HasFault("MALFORMED"));
  EXPECT_THAT(DecodeWatermark(EncodeDocument(Sample())), HasFault("MALFORMED"));
}

TEST(CheckNotBehind, ComparesNumberAndDate) {
  const Watermark mark{"s", {1, 0}, kTime};
  const auto at = [](Bytes edition, absl::Time issued) {
    return DocumentFacts{"s", std::move(edition), issued, kTime + absl::Hours(1)};
  };
  EXPECT_OK(CheckNotBehind(at({1, 0}, kTime), mark));
  EXPECT_OK(CheckNotBehind(at({2, 0}, kTime + absl::Hours(1)), mark));
  EXPECT_THAT(CheckNotBehind(at({0xFF}, kTime + absl::Hours(1)), mark),
              HasFault("COLLATERAL_ROLLBACK"));
  EXPECT_THAT(CheckNotBehind(at({1, 0}, kTime - absl::Seconds(1)), mark),
              HasFault("COLLATERAL_ROLLBACK"));
  EXPECT_THAT(CheckNotBehind(at({}, kTime), mark), HasFault("COLLATERAL_ROLLBACK"));
}

}  // namespace
}  // namespace kedge::collateral
