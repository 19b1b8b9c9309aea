#include "attestation/parse/uefi.h"

#include <gtest/gtest.h>

#include "attestation/parse/device_path.h"
#include "attestation/parse/printable.h"
#include "attestation/parse/testing/uefi_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::LittleEndianWriter;

template <typename Parse>
void ExpectCutsAreMalformed(const Bytes& good, Parse parse) {
  ASSERT_OK(parse(good));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(parse(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
}

TEST(Printable, NothingThatMovesACursorComesThrough) {
  EXPECT_EQ(PrintableAscii(AsBytes("a\\b\x1b[2J\x7f\xff")), "a\\\\b\\x1b[2J\\x7f\\xff");
  EXPECT_EQ(PrintableAscii(Bytes{'a', 0, 'b', 0, 0}), "a\\x00b");
  const Bytes wide = LittleEndianWriter().Wide("ab").U16(0x1B).U16(0x202E).U16(0xE9).Take();
  EXPECT_EQ(PrintableUtf16(wide), "ab\\u001b\\u202e\xC3\xA9");
  // A surrogate pair, and half of one.
  EXPECT_EQ(PrintableUtf16(LittleEndianWriter().U16(0xD83D).U16(0xDE00).Take()),
            "\xF0\x9F\x98\x80");
  EXPECT_EQ(PrintableUtf16(LittleEndianWriter().U16(0xD83D).Take()), "\\ud83d");
  EXPECT_EQ(PrintableUtf16(LittleEndianWriter().Wide("a").U16(0).Wide("b").Take()), "a");
  EXPECT_TRUE(LooksLikeUtf16(LittleEndianWriter().Wide(".linux").U16(0).Take()));
  EXPECT_FALSE(LooksLikeUtf16(AsBytes("grub_cmd")));
  EXPECT_EQ(ShortHex(Bytes(4, 0xAB), 2), "abab… (4 bytes)");
}

TEST(Guid, HasItsMixedByteOrder) {
  EXPECT_EQ(GuidText(testing::GlobalGuid()), kGlobalVariableGuid);
  EXPECT_EQ(GuidText(testing::ImageSecurityGuid()), kImageSecurityGuid);
  EXPECT_EQ(GuidText(Bytes(15, 1)), "");
}

TEST(ParseUefiVariable, ReadsNameDataAndWhatFollows) {
  Bytes bytes = testing::SecureBootVariable(true);
  ExpectCutsAreMalformed(bytes, ParseUefiVariable);
  bytes.push_back(9);
  ASSERT_OK_AND_ASSIGN(const UefiVariable variable, ParseUefiVariable(bytes));
  EXPECT_EQ(variable.guid, kGlobalVariableGuid);
  EXPECT_EQ(variable.name, "SecureBoot");
  EXPECT_EQ(ToBytes(variable.data), Bytes{1});
  EXPECT_EQ(variable.trailing, 1u);
}

TEST(ParseUefiVariable, HugeSizesAreRefused) {
  for (const auto& [name, data] :
       {std::pair{uint64_t{1} << 63, uint64_t{0}}, std::pair{uint64_t{1}, ~uint64_t{0}},
        std::pair{uint64_t{2000}, uint64_t{0}}}) {
    const Bytes bytes = LittleEndianWriter()
                            .Raw(testing::GlobalGuid())
                            .U64(name)
                            .U64(data)
                            .Raw(Bytes(8192, 0))
                            .Take();
    EXPECT_THAT(ParseUefiVariable(bytes), HasFault("MALFORMED"));
  }
}

TEST(ParseSignatureLists, ReadsEveryEntryOfEveryList) {
  Bytes bytes = testing::Sha256List({Bytes(32, 1), Bytes(32, 2)});
  const Bytes more = testing::Sha256List({Bytes(32, 3)});
  bytes.insert(bytes.end(), more.begin(), more.end());
  ASSERT_OK_AND_ASSIGN(const auto list, ParseSignatureLists(bytes));
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[2].type, "sha256");
  EXPECT_EQ(list[2].owner, GuidText(Bytes(16, 0x77)));
  EXPECT_EQ(ToBytes(list[2].data), Bytes(32, 3));
  ASSERT_OK_AND_ASSIGN(const auto empty, ParseSignatureLists({}));
  EXPECT_TRUE(empty.empty());
}

TEST(ParseSignatureLists, SizesThatDoNotFitAreRefused) {
  const Bytes good = testing::Sha256List({Bytes(32, 1)});
  for (size_t cut = 1; cut < good.size(); ++cut) {
    EXPECT_THAT(ParseSignatureLists(ByteView(good).first(cut)), HasFault("MALFORMED")) << cut;
  }
  const auto with = [&good](size_t at, uint32_t value) {
    Bytes bad = good;
    for (size_t i = 0; i < 4; ++i) bad[at + i] = static_cast<uint8_t>(value >> (8 * i));
    return bad;
  };
  for (const Bytes& bad : {with(16, 27), with(16, 0xFFFFFFFF), with(20, 0xFFFFFFFF), with(20, 1),
                           with(24, 16), with(24, 0), with(24, 47)}) {
    EXPECT_THAT(ParseSignatureLists(bad), HasFault("MALFORMED"));
  }
}

TEST(ParseLoadOption, ReadsDescriptionPathAndOptionalData) {
  Bytes path = testing::FilePath("\\EFI\\BOOT\\BOOTX64.EFI");
  const Bytes end = testing::PathEnd();
  path.insert(path.end(), end.begin(), end.end());
  const Bytes bytes = LittleEndianWriter()
                          .U32(1)
                          .U16(static_cast<uint16_t>(path.size()))
                          .Wide("Linux")
                          .U16(0)
                          .Raw(path)
                          .Text("opt")
                          .Take();
  ASSERT_OK_AND_ASSIGN(const UefiLoadOption option, ParseLoadOption(bytes));
  EXPECT_TRUE(option.active);
  EXPECT_EQ(option.description, "Linux");
  EXPECT_EQ(option.path, "\\EFI\\BOOT\\BOOTX64.EFI");
  EXPECT_EQ(AsText(option.optional_data), "opt");
  EXPECT_THAT(ParseLoadOption(ByteView(bytes).first(12)), HasFault("MALFORMED"));
}

TEST(ParseImageLoad, ReadsPathAndRefusesBytesBehindIt) {
  Bytes bytes = testing::ImageLoadEvent(testing::FilePath("\\shim.efi"));
  ExpectCutsAreMalformed(bytes, ParseImageLoad);
  ASSERT_OK_AND_ASSIGN(const UefiImageLoad image, ParseImageLoad(bytes));
  EXPECT_EQ(image.path, "\\shim.efi");
  EXPECT_EQ(image.length, 0x2000u);
  bytes.push_back(0);
  EXPECT_THAT(ParseImageLoad(bytes), HasFault("MALFORMED"));
}

TEST(ParseGptEvent, ReadsPartitionsWithinBounds) {
  Bytes bytes = testing::GptEvent(2, "root");
  ExpectCutsAreMalformed(bytes, ParseGptEvent);
  ASSERT_OK_AND_ASSIGN(const GptTable table, ParseGptEvent(bytes));
  EXPECT_EQ(table.disk, GuidText(Bytes(16, 0xD1)));
  ASSERT_EQ(table.partitions.size(), 2u);
  EXPECT_EQ(table.partitions[1].name, "root");
  EXPECT_EQ(table.partitions[1].first_sector, 2048u);
  Bytes huge = bytes;
  huge[92 + 7] = 0xFF;  // the count of partitions
  EXPECT_THAT(ParseGptEvent(huge), HasFault("MALFORMED"));
  huge = bytes;
  huge[84] = 0;  // the size of an entry
  EXPECT_THAT(ParseGptEvent(huge), HasFault("MALFORMED"));
}

TEST(DevicePath, ShowsNodesAsTheSpecificationDoes) {
  Bytes path;
  const auto add = [&path](const Bytes& node) {
    path.insert(path.end(), node.begin(), node.end());
  };
  add(testing::PathNode(2, 1, LittleEndianWriter().U32(0x0A0341D0).U32(0).Take()));
  add(testing::PathNode(1, 1, Bytes{2, 3}));
  add(testing::PathNode(3, 2, LittleEndianWriter().U16(1).U16(0).Take()));
  add(testing::PathNode(4, 1,
                        LittleEndianWriter()
                            .U32(1)
                            .U64(0x800)
                            .U64(0x1000)
                            .Raw(testing::GlobalGuid())
                            .U8(2)
                            .U8(2)
                            .Take()));
  add(testing::FilePath("\\a.efi"));
  add(testing::PathNode(9, 9, Bytes{0xAA}));
  add(testing::PathNode(3, 0x17, Bytes{1}));  // too short for its type
  add(testing::PathEnd());
  ASSERT_OK_AND_ASSIGN(const std::string text, DevicePathText(path));
  EXPECT_EQ(text,
            "PciRoot(0x0)/Pci(0x3,0x2)/Scsi(0x1,0x0)/"
            "HD(1,GPT,8be4df61-93ca-11d2-aa0d-00e098032b8c,0x800,0x1000)/\\a.efi/"
            "Path(9,9,aa)/Path(3,23,01)");
}

TEST(DevicePath, IsBounded) {
  EXPECT_THAT(DevicePathText(Bytes{4, 4, 3, 0}), HasFault("MALFORMED"));
  EXPECT_THAT(DevicePathText(Bytes{4, 4, 9, 0}), HasFault("MALFORMED"));
  EXPECT_THAT(DevicePathText(Bytes(4097, 0)), HasFault("MALFORMED"));
  Bytes many;
  for (int i = 0; i < 65; ++i) many.insert(many.end(), {9, 9, 4, 0});
  EXPECT_THAT(DevicePathText(many), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
