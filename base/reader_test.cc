#include "base/reader.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

const Bytes kCount = {1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST(Reader, ReadsIntegersInBothOrders) {
  EXPECT_EQ(Reader(kCount).U8().value(), 1);
  EXPECT_EQ(Reader(kCount).U16Be().value(), 0x0102);
  EXPECT_EQ(Reader(kCount).U16Le().value(), 0x0201);
  EXPECT_EQ(Reader(kCount).U32Be().value(), 0x01020304U);
  EXPECT_EQ(Reader(kCount).U32Le().value(), 0x04030201U);
  EXPECT_EQ(Reader(kCount).U64Be().value(), 0x0102030405060708U);
  EXPECT_EQ(Reader(kCount).U64Le().value(), 0x0807060504030201U);
}

TEST(Reader, MovesOnByWhatItRead) {
  Reader reader(kCount);
  EXPECT_OK(reader.U16Be());
  EXPECT_EQ(reader.position(), 2U);
  EXPECT_EQ(reader.remaining(), 7U);
  EXPECT_EQ(ToHex(reader.Take(3).value()), "030405");
  EXPECT_OK(reader.Skip(3));
  EXPECT_EQ(reader.U8().value(), 9);
  EXPECT_TRUE(reader.empty());
  EXPECT_OK(reader.ExpectEnd());
}

TEST(Reader, RefusesToReadPastTheEndAndStaysWhereItWas) {
  Reader reader(ByteView(kCount).first(3));
  EXPECT_THAT(reader.U32Be(), HasFault("MALFORMED"));
  EXPECT_THAT(reader.U64Le(), HasFault("MALFORMED"));
  EXPECT_THAT(reader.Take(4), HasFault("MALFORMED"));
  EXPECT_THAT(reader.Skip(SIZE_MAX), HasFault("MALFORMED"));
  EXPECT_EQ(reader.position(), 0U);
  EXPECT_EQ(reader.U16Be().value(), 0x0102);
  EXPECT_THAT(reader.U16Be(), HasFault("MALFORMED"));
  EXPECT_THAT(Reader({}).U8(), HasFault("MALFORMED"));
  EXPECT_OK(Reader({}).Take(0));
}

TEST(Reader, ReadsLengthPrefixedFields) {
  const Bytes data = {0, 0, 0, 2, 'a', 'b', 0, 1, 'c', 'x'};
  Reader reader(data);
  EXPECT_EQ(AsText(reader.Lp(2).value()), "ab");
  EXPECT_EQ(AsText(reader.Sized16Be(1).value()), "c");
  EXPECT_THAT(reader.ExpectEnd(), HasFault("MALFORMED"));
}

TEST(Reader, RefusesFieldsBeyondTheLimitOrTheEnd) {
  const Bytes three = {0, 0, 0, 3, 'a', 'b', 'c'};
  EXPECT_THAT(Reader(three).Lp(2), HasFault("MALFORMED"));
  EXPECT_OK(Reader(three).Lp(3));
  EXPECT_THAT(Reader(ByteView(three).first(6)).Lp(3), HasFault("MALFORMED"));
  const Bytes huge = {0xff, 0xff, 0xff, 0xff, 'a'};
  EXPECT_THAT(Reader(huge).Lp(SIZE_MAX), HasFault("MALFORMED"));
  EXPECT_THAT(Reader(huge).Sized16Be(SIZE_MAX), HasFault("MALFORMED"));
  EXPECT_THAT(Reader(Bytes{0, 2, 'a', 'b'}).Sized16Be(1), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
