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

TEST(ParseFirmwareLog, OldLogsAreRefused) {
  Bytes log = Good().log();
  log[32] ^= 1;  // in "Spec ID Event03"
  EXPECT_THAT(ParseFirmwareLog(log), HasFault("MALFORMED"));
  EXPECT_THAT(ParseFirmwareLog({}), HasFault("MALFORMED"));
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
  EXPECT_LT(many.log().size(), kMaxFirmwareLogSize);
  EXPECT_THAT(ParseFirmwareLog(many.log()), HasFault("MALFORMED"));
  FirmwareLogBuilder large;
  large.Event(1, 1, Bytes(kMaxFirmwareLogSize, 0));
  EXPECT_THAT(ParseFirmwareLog(large.log()), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
