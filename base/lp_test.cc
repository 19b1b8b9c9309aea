#include "base/lp.h"

#include <gtest/gtest.h>

#include "base/reader.h"

namespace kedge {
namespace {

TEST(Lp, PrefixesEachFieldWithItsLength) {
  EXPECT_EQ(ToHex(Lp({AsBytes("ab"), ByteView(), AsBytes("c")})),
            "000000026162"
            "00000000"
            "0000000163");
}

TEST(Lp, ShiftedFieldsDiffer) {
  EXPECT_NE(Lp({AsBytes("ab"), AsBytes("c")}), Lp({AsBytes("a"), AsBytes("bc")}));
  EXPECT_NE(Lp({AsBytes("a")}), Lp({AsBytes("a"), ByteView()}));
}

TEST(LpWriter, WritesIntegersAsFieldsOfFixedWidth) {
  LpWriter writer;
  writer.Add("x").AddU32(0x01020304).AddU64(0x0102030405060708).Raw(Bytes{0xff});
  EXPECT_EQ(ToHex(writer.bytes()),
            "0000000178"
            "0000000401020304"
            "000000080102030405060708"
            "ff");
}

TEST(LpWriter, IsReadBackByReader) {
  LpWriter writer;
  writer.Add("label").AddU32(7);
  Reader reader(writer.bytes());
  EXPECT_EQ(AsText(reader.Lp(16).value()), "label");
  Reader number(reader.Lp(4).value());
  EXPECT_EQ(number.U32Be().value(), 7U);
  EXPECT_TRUE(reader.empty());
}

}  // namespace
}  // namespace kedge
