#include "attestation/parse/event_data.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/uefi_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::LittleEndianWriter;

std::string Summary(uint32_t type, const Bytes& data) {
  FirmwareEvent event;
  event.type = type;
  event.data = data;
  return DescribeEvent(event).summary;
}

TEST(DescribeEvent, SaysWhatEachTypeMeans) {
  EXPECT_EQ(Summary(kEvSeparator, Bytes(4, 0)), "boundary");
  EXPECT_EQ(Summary(kEvSeparator, Bytes{1, 0, 0, 0}), "ERROR 01000000");
  EXPECT_EQ(Summary(kEvEfiVariableDriverConfig, testing::SecureBootVariable(true)),
            "SecureBoot: enabled");
  EXPECT_EQ(Summary(kEvEfiVariableDriverConfig, testing::SecureBootVariable(false)),
            "SecureBoot: disabled");
  EXPECT_EQ(Summary(kEvEfiVariableDriverConfig,
                    testing::VariableData(testing::ImageSecurityGuid(), "dbx",
                                          testing::Sha256List({Bytes(32, 1), Bytes(32, 2)}))),
            "dbx: 0 certificates, 2 hashes");
  EXPECT_EQ(Summary(kEvEfiVariableBoot, testing::VariableData(testing::GlobalGuid(), "BootOrder",
                                                              Bytes{2, 0, 0x10, 0})),
            "BootOrder: 0002,0010");
  EXPECT_EQ(
      Summary(kEvEfiBootServicesApplication, testing::ImageLoadEvent(testing::FilePath("\\a.efi"))),
      "\\a.efi");
  EXPECT_EQ(Summary(kEvEfiGptEvent, testing::GptEvent(1, "root")),
            "disk d1d1d1d1-d1d1-d1d1-d1d1-d1d1d1d1d1d1, 1 partitions");
  EXPECT_EQ(Summary(kEvIpl, LittleEndianWriter().Wide(".linux").U16(0).Take()), ".linux");
  EXPECT_EQ(Summary(kEvIpl, ToBytes(std::string_view("grub_cmd: set x\0", 16))), "grub_cmd: set x");
  EXPECT_EQ(Summary(kEvEventTag,
                    LittleEndianWriter().U32(0x8F3B22EC).U32(13).Text("Linux initrd").U8(0).Take()),
            "initrd: Linux initrd");
  EXPECT_EQ(Summary(kEvSCrtmVersion, LittleEndianWriter().Wide("v2").U16(0).Take()), "v2");
  EXPECT_EQ(Summary(kEvNoAction, ToBytes(std::string_view("StartupLocality\0\3", 17))),
            "StartupLocality 3");
  EXPECT_EQ(Summary(kEvEfiPlatformFirmwareBlob, LittleEndianWriter().U64(0x10).U64(32).Take()),
            "32 bytes at 0x10");
  EXPECT_EQ(Summary(kEvEfiPlatformFirmwareBlob2,
                    LittleEndianWriter().U8(2).Text("FV").U64(0x10).U64(32).Take()),
            "FV 32 bytes at 0x10");
  EXPECT_EQ(Summary(kEvEfiHandoffTables,
                    LittleEndianWriter().U64(1).Raw(testing::GlobalGuid()).U64(7).Take()),
            "1 tables");
}

TEST(DescribeEvent, ShowsDataOfAnotherFormAsTextOrBytes) {
  for (uint32_t type :
       {kEvSeparator, kEvEventTag, kEvEfiVariableDriverConfig, kEvEfiBootServicesApplication,
        kEvEfiGptEvent, kEvEfiPlatformFirmwareBlob, kEvEfiHandoffTables2, 0x12345u}) {
    EXPECT_EQ(Summary(type, ToBytes(std::string_view("readable"))), "readable") << type;
    EXPECT_EQ(Summary(type, Bytes{1, 2, 0xFF}), "0102ff") << type;
    EXPECT_EQ(Summary(type, {}), "") << type;
  }
}

TEST(DescribeEvent, ManySignaturesStayBounded) {
  FirmwareEvent event;
  event.type = kEvEfiVariableDriverConfig;
  event.data = testing::VariableData(testing::ImageSecurityGuid(), "dbx",
                                     testing::Sha256List(std::vector<Bytes>(3000, Bytes(32, 1))));
  const EventDescription description = DescribeEvent(event);
  EXPECT_EQ(description.summary, "dbx: 0 certificates, 3000 hashes");
  EXPECT_LE(description.fields.size(), 1026u);
}

}  // namespace
}  // namespace kedge
