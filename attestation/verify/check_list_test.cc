#include "attestation/verify/check_list.h"

#include <gtest/gtest.h>

namespace kedge {
namespace {

TEST(CheckList, NothingCheckedIsUntrusted) {
  EXPECT_EQ(CheckList().outcome(), Outcome::kUntrusted);
  EXPECT_EQ(CheckList().Take().FirstFailure(), "nothing was checked");
}

TEST(CheckList, OnlySkippedAndWarningsAreUntrusted) {
  CheckList list;
  list.Skip("CRL_MISSING", "policy: crl.required = false");
  list.Warn("TCB", "newer", "older");
  EXPECT_EQ(list.outcome(), Outcome::kUntrusted);
  list.Pass("SIGNATURE", "fits", "fits");
  EXPECT_EQ(list.outcome(), Outcome::kTrusted);
}

TEST(CheckList, OneFailureDecidesAndMalformedOutweighsIt) {
  CheckList list;
  list.Pass("SIGNATURE", "fits", "fits");
  EXPECT_FALSE(list.DemandEqual("HWID", Bytes{1}, Bytes{2}, "chip id"));
  EXPECT_EQ(list.outcome(), Outcome::kUntrusted);
  list.Malformed("FORMAT", "1184 bytes", "1183 bytes");
  EXPECT_EQ(list.outcome(), Outcome::kMalformed);
  const Verdict verdict = std::move(list).Take();
  EXPECT_FALSE(verdict.trusted());
  EXPECT_EQ(verdict.FirstFailure(), "HWID (chip id): expected 01, got 02");
}

TEST(CheckList, AppendedFailureDecides) {
  CheckList inner;
  inner.DemandOk("CHAIN", Refused("CHAIN", "another issuer"), "issued by the ASK");
  CheckList list;
  list.Pass("SIGNATURE", "fits", "fits");
  list.Append(std::move(inner));
  EXPECT_EQ(list.outcome(), Outcome::kUntrusted);
  EXPECT_EQ(list.checks().back().actual, "another issuer");
}

TEST(CheckList, SkippedRowSaysWhoAllowedIt) {
  CheckList list;
  list.Skip("VMPL", "policy: vmpl.skip");
  EXPECT_EQ(ResultText(list.checks().front()), "skipped: policy: vmpl.skip");
}

}  // namespace
}  // namespace kedge
