#include "attestation/parse/firmware_log.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/firmware_log_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::FirmwareLogBuilder;

FirmwareLogBuilder Good() {
  FirmwareLogBuilder builder;
  builder.StartupLocality(3)
      .Event(0, kEvSCrtmVersion, AsBytes("1.0"))
      .Event(7, kEvSeparator, Bytes(4, 0));
  return builder;
}

TEST(ParseFirmwareLog, ReadsHeaderLocalityAndEvents) {
  ASSERT_OK_AND_ASSIGN(const FirmwareLog log, ParseFirmwareLog(Good().log()));
  EXPECT_EQ(log.banks, (std::vector<PcrBank>{PcrBank::kSha256, PcrBank::kSha384}));
  EXPECT_EQ(log.startup_locality, 3);
  ASSERT_EQ(log.events.size(), 3u);
  EXPECT_EQ(log.events[1].pcr, 0u);
  EXPECT_EQ(log.events[1].type, kEvSCrtmVersion);
  EXPECT_EQ(AsText(log.events[1].data), "1.0");
  EXPECT_EQ(log.events[1].digests.at(PcrBank::kSha384),
            DigestInBank(PcrBank::kSha384, AsBytes("1.0")));
  EXPECT_EQ(log.events[2].pcr, 7u);
}

TEST(ParseFirmwareLog, BytesCutAnywhereButBetweenEventsAreMalformed) {
  const Bytes good = Good().log();
  size_t whole = 0;
  for (size_t size = 0; size <= good.size(); ++size) {
    whole += ParseFirmwareLog(ByteView(good).first(size)).ok() ? 1 : 0;
  }
  EXPECT_EQ(whole, 4u);  // the header alone, and after each of three events
}

TEST(ParseFirmwareLog, TrailingBytesAreMalformed) {
  for (uint8_t byte : Bytes{0x00, 0xFF}) {
    EXPECT_THAT(ParseFirmwareLog(Good().Raw(Bytes(7, byte)).log()), HasFault("MALFORMED"));
  }
}

TEST(ParseFirmwareLog, UnknownSpecificationsAreRefused) {
  Bytes log = Good().log();
  log[32] ^= 1;  // in "Spec ID Event03"
  EXPECT_THAT(ParseFirmwareLog(log), HasFault("MALFORMED"));
  EXPECT_THAT(ParseFirmwareLog({}), HasFault("MALFORMED"));
}

// TCG_PCClientPCREvent: PCR, type, SHA-1 digest, size, data.
Bytes OldEvent(PcrIndex pcr, uint32_t type, std::string_view data) {
  Bytes out;
  FirmwareLogBuilder::Append32(out, pcr);
  FirmwareLogBuilder::Append32(out, type);
  const Bytes digest = DigestInBank(PcrBank::kSha1, AsBytes(data));
  out.insert(out.end(), digest.begin(), digest.end());
  FirmwareLogBuilder::Append32(out, static_cast<uint32_t>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

Bytes Joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

TEST(ParseFirmwareLog, Sha1OnlyLogsAreReadAsSuch) {
  const Bytes crtm = OldEvent(0, kEvSCrtmVersion, "1.0");
  for (const Bytes& bytes :
       {crtm, Joined({OldEvent(0, kEvNoAction, {"Spec ID Event02\0rest", 20}), crtm}),
        Joined({OldEvent(0, kEvNoAction, {"Spec ID Event00\0rest", 20}), crtm})}) {
    ASSERT_OK_AND_ASSIGN(const FirmwareLog log, ParseFirmwareLog(bytes));
    EXPECT_EQ(log.format, FirmwareLogFormat::kSha1Only);
    EXPECT_EQ(log.banks, std::vector<PcrBank>{PcrBank::kSha1});
    EXPECT_EQ(log.events.back().digests.size(), 1u);
    EXPECT_EQ(AsText(log.events.back().data), "1.0");
  }
  EXPECT_THAT(ParseFirmwareLog(Joined({crtm, Bytes(3, 0)})), HasFault("MALFORMED"));
  EXPECT_THAT(ParseFirmwareLog(Joined({crtm, OldEvent(24, 1, "")})), HasFault("MALFORMED"));
  EXPECT_THAT(ParseFirmwareLog(OldEvent(0, kEvNoAction, "something else")), HasFault("MALFORMED"));
}

TEST(ParseFirmwareLog, FillerBehindACcelIsCountedAndNothingElse) {
  Bytes ccel = FirmwareLogBuilder({PcrBank::kSha384}).Event(1, kEvSeparator, Bytes(4, 0)).log();
  ccel[0] = 1;  // the header event's register
  for (uint8_t byte : Bytes{0x00, 0xFF}) {
    ASSERT_OK_AND_ASSIGN(const FirmwareLog log, ParseFirmwareLog(Joined({ccel, Bytes(70, byte)})));
    EXPECT_TRUE(log.ccel);
    EXPECT_EQ(log.padding, 70u);
    EXPECT_EQ(log.events.size(), 1u);
    EXPECT_THAT(ParseFirmwareLog(Joined({ccel, Bytes(70, byte), Bytes(1, 7)})),
                HasFault("MALFORMED"));
  }
  EXPECT_EQ(RegisterName(true, 0), "MRTD");
  EXPECT_EQ(RegisterName(true, 1), "RTMR 0");
  EXPECT_EQ(RegisterName(false, 7), "PCR 7");
}

TEST(EventTypes, HaveTheirNames) {
  EXPECT_EQ(EventTypeName(kEvSeparator), "EV_SEPARATOR");
  EXPECT_EQ(EventTypeName(kEvEfiVariableAuthority), "EV_EFI_VARIABLE_AUTHORITY");
  EXPECT_EQ(EventTypeName(0x42), "type 0x00000042");
}

TEST(ParseFirmwareLog, HugeCountsAreRefused) {
  const size_t first_event = FirmwareLogBuilder().log().size();
  for (size_t field : {size_t{8}, size_t{12 + 2 + 32 + 2 + 48}}) {  // digest count, data size
    Bytes log = FirmwareLogBuilder().Event(1, kEvSeparator, Bytes(4, 0)).log();
    for (size_t i = 0; i < 4; ++i) log[first_event + field + i] = 0xFF;
    EXPECT_THAT(ParseFirmwareLog(log), HasFault("MALFORMED")) << field;
  }
  Bytes algorithms = FirmwareLogBuilder().log();
  algorithms[32 + 24] = 0xFF;
  EXPECT_THAT(ParseFirmwareLog(algorithms), HasFault("MALFORMED"));
}

TEST(ParseFirmwareLog, BadPcrsAlgorithmsAndLocalitiesAreRefused) {
  EXPECT_THAT(ParseFirmwareLog(FirmwareLogBuilder().Event(24, 1, {}).log()), HasFault("MALFORMED"));
  EXPECT_THAT(ParseFirmwareLog(FirmwareLogBuilder().StartupLocality(1).log()),
              HasFault("MALFORMED"));
  EXPECT_THAT(ParseFirmwareLog(FirmwareLogBuilder({PcrBank::kSha256, PcrBank::kSha256}).log()),
              HasFault("MALFORMED"));
  // A digest of an algorithm that the header does not list.
  Bytes log = FirmwareLogBuilder({PcrBank::kSha256}).log();
  const Bytes other = FirmwareLogBuilder({PcrBank::kSha384}).Event(1, kEvSeparator, {}).log();
  const size_t header = FirmwareLogBuilder({PcrBank::kSha384}).log().size();
  log.insert(log.end(), other.begin() + static_cast<ptrdiff_t>(header), other.end());
  EXPECT_THAT(ParseFirmwareLog(log), HasFault("MALFORMED"));
}

TEST(ParseFirmwareLog, SizeAndCountAreBounded) {
  FirmwareLogBuilder many({PcrBank::kSha1});
  for (int i = 0; i < 4097; ++i) many.Event(1, kEvSeparator, {});
  EXPECT_LT(many.log().size(), kMaxLogFileSize);
  EXPECT_THAT(ParseFirmwareLog(many.log()), HasFault("MALFORMED"));
  FirmwareLogBuilder large;
  large.Event(1, 1, Bytes(kMaxLogFileSize, 0));
  EXPECT_THAT(ParseFirmwareLog(large.log()), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
