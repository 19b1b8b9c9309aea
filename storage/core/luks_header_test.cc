#include "storage/core/luks_header.h"
#include "house/folders.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/status_matchers.h"
#include "storage/core/luks_layout.h"
#include "storage/core/testing/header_builder.h"
#include "storage/core/testing/hostile_headers.h"

namespace kedge {
namespace {

using testing::FuzzInput;
using testing::FuzzMode;
using testing::GoodJson;
using testing::HeaderRegion;
using testing::HostileHeader;
using testing::HostileHeaders;
using testing::kDiskBytes;
using testing::RegionOfFuzzInput;

constexpr char kCorpus[] = KEDGE_SOURCE_DIR "/tests/corpus/luks_header";

UnverifiedHeader GoodHeader() { return ParseHeader(HeaderRegion(GoodJson()), kDiskBytes).value(); }

SecretBytes Dek() { return SecretBytes::CopyOf(Bytes(32, 0x11)).value(); }

DiskBinding Binding() {
  return {.cluster_id_hex = std::string(64, 'c'), .node = "node-1", .volume = "state"};
}

Bytes ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(ParseHeaderTest, AcceptsWhatLibcryptsetupWrites) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader header,
                       ParseHeader(HeaderRegion(GoodJson()), kDiskBytes));
  EXPECT_EQ(header.uuid, "17aa7ebd-56a7-4afa-9017-250f0714f63f");
  EXPECT_EQ(header.sequence, 4U);
  EXPECT_EQ(header.copies, HeaderCopies::kEqual);
  EXPECT_EQ(header.region, HeaderRegion(GoodJson()));
  const HeaderToken& token = header.image.token;
  EXPECT_EQ(token.format, kHeaderFormat2);
  EXPECT_EQ(token.dek_generation, 1U);
  EXPECT_EQ(token.disk_counter, 7U);
  EXPECT_EQ(token.data_sectors, 96736U);
  EXPECT_EQ(ToHex(token.mac), "abababab00000000000000000000000000000000000000000000000000000000");
}

TEST(ParseHeaderTest, AcceptsFormat1AtCounter0) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader header,
                       ParseHeader(HeaderRegion(testing::GoodJsonOfFormat1()), kDiskBytes));
  EXPECT_EQ(header.image.token.format, kHeaderFormat1);
  EXPECT_EQ(header.image.token.disk_counter, 0U);
  EXPECT_THAT(
      ParseHeader(HeaderRegion(testing::Replaced(testing::GoodJsonOfFormat1(),
                                                 R"("disk_counter":"0")", R"("disk_counter":"1")")),
                  kDiskBytes),
      HasFault("HEADER_NOT_ACCEPTED"));
}

// The layout of a disk is part of what its MAC and digest cover.
TEST(ParseHeaderTest, Format3IsAnotherDiskThanFormat2) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader whole,
                       ParseHeader(HeaderRegion(GoodJson()), kDiskBytes));
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader extent,
                       ParseHeader(HeaderRegion(testing::GoodJsonOfFormat3()), kDiskBytes));
  EXPECT_EQ(extent.image.token.format, kHeaderFormat);
  EXPECT_EQ(extent.image.token.disk_counter, 7U);
  EXPECT_NE(extent.image.canonical, whole.image.canonical);
  EXPECT_NE(HeaderDigest(extent), HeaderDigest(whole));
}

TEST(ParseHeaderTest, CountersAreWholeNumbersUpTo64Bits) {
  for (const auto& [text, value] :
       std::vector<std::pair<std::string, uint64_t>>{{"00000000000000000000", 0},
                                                     {"00000000000000000010", 10},
                                                     {"18446744073709551615", UINT64_MAX}}) {
    ASSERT_OK_AND_ASSIGN(
        const UnverifiedHeader header,
        ParseHeader(HeaderRegion(testing::Replaced(GoodJson(), "00000000000000000007", text)),
                    kDiskBytes));
    EXPECT_EQ(header.image.token.disk_counter, value);
  }
}

class HostileHeaderTest : public ::testing::TestWithParam<HostileHeader> {};

void ExpectRefused(const HostileHeader& hostile) {
  const auto header = ParseHeader(hostile.region, kDiskBytes);
  EXPECT_THAT(header, HasFault("HEADER_NOT_ACCEPTED")) << hostile.name;
  EXPECT_THAT(MessageOf(header.status()), ::testing::HasSubstr(hostile.expected)) << hostile.name;
}

TEST_P(HostileHeaderTest, IsRefusedForItsReason) { ExpectRefused(GetParam()); }

// The corpus has format 2; the allow-list of the others is no wider.
TEST(HostileHeadersTest, AreRefusedInEveryFormat) {
  for (const uint32_t format : {kHeaderFormat1, kHeaderFormat}) {
    SCOPED_TRACE(format);
    ASSERT_OK(ParseHeader(HeaderRegion(testing::GoodJsonOf(format)), kDiskBytes));
    for (const HostileHeader& hostile : HostileHeaders(format)) ExpectRefused(hostile);
  }
}

INSTANTIATE_TEST_SUITE_P(All, HostileHeaderTest, ::testing::ValuesIn(HostileHeaders()),
                         [](const auto& test) {
                           std::string name = test.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(ParseHeaderTest, RefusesAnotherRegionSize) {
  Bytes region = HeaderRegion(GoodJson());
  region.push_back(0);
  EXPECT_THAT(ParseHeader(region, kDiskBytes), HasFault("HEADER_NOT_ACCEPTED"));
  region.resize(kLuksHeaderRegionBytes - 1);
  EXPECT_THAT(ParseHeader(region, kDiskBytes), HasFault("HEADER_NOT_ACCEPTED"));
  EXPECT_THAT(ParseHeader({}, kDiskBytes), HasFault("HEADER_NOT_ACCEPTED"));
}

TEST(ParseHeaderTest, RefusesDataThatEndsBeyondTheDisk) {
  const Bytes region = HeaderRegion(GoodJson());
  const uint64_t end = kLuksDataOffset + 96736 * kDeviceMapperSectorBytes;
  EXPECT_OK(ParseHeader(region, end));
  EXPECT_THAT(ParseHeader(region, end - 1), HasFault("HEADER_NOT_ACCEPTED"));
  EXPECT_THAT(ParseHeader(region, 0), HasFault("HEADER_NOT_ACCEPTED"));
}

// The fuzz corpus is this builder's work; KEDGE_WRITE_CORPUS=1 writes it.
TEST(HeaderCorpusTest, HoldsEveryHostileHeader) {
  std::vector<std::pair<std::string, Bytes>> expected = {
      {"good", FuzzInput(FuzzMode::kRaw, HeaderRegion(GoodJson()))},
      {"good-json",
       [] {
         Bytes input = {'J'};
         const Bytes text = ToBytes(GoodJson());
         input.insert(input.end(), text.begin(), text.end());
         return input;
       }()},
      {"good-format-1", FuzzInput(FuzzMode::kRaw, HeaderRegion(testing::GoodJsonOfFormat1()))},
      {"good-format-3", FuzzInput(FuzzMode::kRaw, HeaderRegion(testing::GoodJsonOfFormat3()))}};
  {
    // What an advance leaves that is cut off between its copies, and in the middle of one.
    Bytes between = HeaderRegion(GoodJson());
    const Bytes advanced =
        WithToken(between, kDiskBytes,
                  {.format = kHeaderFormat2, .disk_counter = 8, .data_sectors = 96736}, 5)
            .value();
    const ByteView primary = ByteView(advanced).first(kLuksCopyBytes);
    expected.emplace_back("advance-torn",
                          FuzzInput(FuzzMode::kRaw, testing::TornWrite(between, 0, primary, 1)));
    std::copy(primary.begin(), primary.end(), between.begin());
    expected.emplace_back("advance-between", FuzzInput(FuzzMode::kRaw, between));
  }
  for (const HostileHeader& header : HostileHeaders()) {
    const Bytes input = FuzzInput(FuzzMode::kRaw, header.region);
    expected.emplace_back(header.name, input);
    // Replaying the file shows the parser what the unit test showed it.
    const ByteView copies = ByteView(header.region).first(kLuksCopiesBytes);
    EXPECT_TRUE(Equal(ByteView(RegionOfFuzzInput(input)).first(kLuksCopiesBytes), copies))
        << header.name;
  }
  const bool write = std::getenv("KEDGE_WRITE_CORPUS") != nullptr;
  for (const auto& [name, input] : expected) {
    const std::string path = std::string(kCorpus) + "/" + name;
    if (write) {
      std::filesystem::create_directories(kCorpus);
      std::ofstream(path, std::ios::binary).write(AsText(input).data(), std::ssize(input));
    }
    EXPECT_EQ(ReadFile(path), input) << path << " is missing or old: run with KEDGE_WRITE_CORPUS=1";
  }
}

TEST(HeaderDigestTest, CoversTheWholeMeaningOfTheHeader) {
  const UnverifiedHeader good = GoodHeader();
  // Anything the parser lets vary changes the digest …
  Bytes region = HeaderRegion(GoodJson());
  for (const size_t copy : {size_t{0}, kLuksCopyBytes}) {
    region[copy + kLuksUuid.offset] = '2';
    StoreChecksum(region, copy);
  }
  EXPECT_NE(HeaderDigest(ParseHeader(region, kDiskBytes).value()), HeaderDigest(good));
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"03BRSEUc", "03BRSEUd"},
           {"nMUHJHbV", "nMUHJHbW"},
           {"Kqxwx4zF", "Kqxwx4zG"},
           {R"("dek_generation":1)", R"("dek_generation":2)"},
           {R"("data_sectors":"96736")", R"("data_sectors":"96728")"},
           {R"("iterations":1000,"salt":"03BR)", R"("iterations":1001,"salt":"03BR)"}}) {
    const auto changed =
        ParseHeader(HeaderRegion(testing::Replaced(GoodJson(), from, to)), kDiskBytes);
    ASSERT_OK(changed);
    EXPECT_NE(HeaderDigest(*changed), HeaderDigest(good)) << to;
  }
  Bytes keyslot = HeaderRegion(GoodJson());
  keyslot.back() ^= 1;
  EXPECT_NE(HeaderDigest(ParseHeader(keyslot, kDiskBytes).value()), HeaderDigest(good));
  // … except what an advance changes: counter, format and sequence number; …
  for (const std::string& counted :
       {testing::Replaced(GoodJson(), "0007", "0008"), testing::GoodJsonOfFormat1()}) {
    EXPECT_EQ(HeaderDigest(ParseHeader(HeaderRegion(counted), kDiskBytes).value()),
              HeaderDigest(good));
  }
  Bytes sequence = HeaderRegion(GoodJson());
  for (const size_t copy : {size_t{0}, kLuksCopyBytes}) {
    testing::PutInteger(sequence, copy, kLuksSequence, 12);
    StoreChecksum(sequence, copy);
  }
  EXPECT_EQ(HeaderDigest(ParseHeader(sequence, kDiskBytes).value()), HeaderDigest(good));
  // … the salt, whose only use is the checksum; and the MAC itself.
  Bytes salt = HeaderRegion(GoodJson());
  salt[kLuksSalt.offset] ^= 1;
  StoreChecksum(salt, 0);
  EXPECT_EQ(HeaderDigest(ParseHeader(salt, kDiskBytes).value()), HeaderDigest(good));
  EXPECT_EQ(
      HeaderDigest(ParseHeader(HeaderRegion(testing::Replaced(GoodJson(), "abababab", "00000000")),
                               kDiskBytes)
                       .value()),
      HeaderDigest(good));
}

class HeaderMacTest : public ::testing::Test {
 protected:
  const StateDiskKeys keys_ = DeriveStateDiskKeys(Dek()).value();

  StatusOr<UnverifiedHeader> Stamped(const std::string& json = GoodJson()) {
    ASSIGN_OR_RETURN(const Bytes stamped,
                     WithHeaderMac(HeaderRegion(json), kDiskBytes, keys_.header_mac, Binding()));
    return ParseHeader(stamped, kDiskBytes);
  }
};

TEST_F(HeaderMacTest, StampedHeaderVerifiesAndKeepsItsDigest) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader stamped, Stamped());
  ASSERT_OK_AND_ASSIGN(const VerifiedHeader verified,
                       VerifiedHeader::Verify(stamped, keys_.header_mac, Binding()));
  EXPECT_EQ(verified.Digest(), HeaderDigest(GoodHeader()));
  EXPECT_EQ(verified.uuid(), stamped.uuid);
}

TEST_F(HeaderMacTest, UnstampedHeaderIsRefused) {
  EXPECT_THAT(VerifiedHeader::Verify(GoodHeader(), keys_.header_mac, Binding()),
              HasFault("HEADER_MAC"));
}

TEST_F(HeaderMacTest, AnotherBindingOrKeyIsRefused) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader stamped, Stamped());
  DiskBinding cluster = Binding(), node = Binding(), volume = Binding(), generation = Binding(),
              shifted = Binding();
  cluster.cluster_id_hex = std::string(64, 'd');
  node.node = "node-2";
  volume.volume = "data";
  generation.dek_generation = 2;
  shifted.node = "node-1s";
  shifted.volume = "tate";
  for (const DiskBinding& other : {cluster, node, volume, generation, shifted}) {
    EXPECT_THAT(VerifiedHeader::Verify(stamped, keys_.header_mac, other), HasFault("HEADER_MAC"));
  }
  EXPECT_THAT(VerifiedHeader::Verify(stamped, keys_.keyslot, Binding()), HasFault("HEADER_MAC"));
}

TEST_F(HeaderMacTest, ChangedTokenIsRefused) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader stamped, Stamped());
  ASSERT_OK_AND_ASSIGN(UnverifiedHeader other,
                       Stamped(testing::Replaced(GoodJson(), "0007", "0008")));
  EXPECT_NE(other.image.token.mac, stamped.image.token.mac);
  other.image.token.mac = stamped.image.token.mac;
  EXPECT_THAT(VerifiedHeader::Verify(other, keys_.header_mac, Binding()), HasFault("HEADER_MAC"));
}

TEST_F(HeaderMacTest, ChangedSequenceIsRefused) {
  ASSERT_OK_AND_ASSIGN(const UnverifiedHeader stamped, Stamped());
  Bytes region = stamped.region;
  for (const size_t copy : {size_t{0}, kLuksCopyBytes}) {
    testing::PutInteger(region, copy, kLuksSequence, 5);
    StoreChecksum(region, copy);
  }
  ASSERT_OK_AND_ASSIGN(UnverifiedHeader other, ParseHeader(region, kDiskBytes));
  EXPECT_THAT(VerifiedHeader::Verify(std::move(other), keys_.header_mac, Binding()),
              HasFault("HEADER_MAC"));
}

TEST(DiskCounterTest, OneOfTwoIsCurrent) {
  const DiskCounters counters{.acknowledged = 7, .next = 12};
  EXPECT_OK(CheckDiskCounter(7, counters));
  EXPECT_OK(CheckDiskCounter(12, counters));
  for (const uint64_t stale : {0U, 6U, 8U, 11U, 13U}) {
    EXPECT_THAT(CheckDiskCounter(stale, counters), HasFault("STALE_DISK"));
  }
}

TEST(WithHeaderMacTest, RefusesARegionThatIsNotAccepted) {
  EXPECT_THAT(WithHeaderMac(Bytes(kLuksHeaderRegionBytes, 0), kDiskBytes, Dek(), Binding()),
              HasFault("HEADER_NOT_ACCEPTED"));
}

class InspectPrefixTest : public ::testing::Test {
 protected:
  Bytes prefix_ = Bytes(kDiskPrefixBytes, 0);
};

TEST_F(InspectPrefixTest, AllZeroIsBlank) {
  EXPECT_EQ(InspectPrefix(prefix_, kDiskBytes).content, DiskContent::kBlank);
}

TEST_F(InspectPrefixTest, AnyByteWhereAHeaderCouldBeginIsForeign) {
  std::vector<size_t> offsets = {0, 510, 1080, kLuksCopiesBytes - 1};
  for (const uint64_t offset : kLuksSecondaryOffsets) {
    offsets.push_back(offset);
    offsets.push_back(offset + kLuksBinaryHeaderBytes - 1);
  }
  for (const size_t offset : offsets) {
    prefix_[offset] = 1;
    const DiskInspection inspection = InspectPrefix(prefix_, kDiskBytes);
    EXPECT_EQ(inspection.content, DiskContent::kForeign) << offset;
    EXPECT_FALSE(inspection.detail.empty());
    prefix_[offset] = 0;
  }
}

TEST_F(InspectPrefixTest, GoodHeaderIsLuks2) {
  const Bytes region = HeaderRegion(GoodJson());
  std::copy(region.begin(), region.end(), prefix_.begin());
  const DiskInspection inspection = InspectPrefix(prefix_, kDiskBytes);
  EXPECT_EQ(inspection.content, DiskContent::kLuks2);
  EXPECT_EQ(inspection.header_digest, HeaderDigest(GoodHeader()));
  EXPECT_EQ(inspection.uuid, GoodHeader().uuid);
  EXPECT_EQ(inspection.disk_counter, 7U);
}

TEST_F(InspectPrefixTest, HostileHeadersAreForeignNeverBlank) {
  for (const HostileHeader& header : HostileHeaders()) {
    std::copy(header.region.begin(), header.region.end(), prefix_.begin());
    EXPECT_EQ(InspectPrefix(prefix_, kDiskBytes).content, DiskContent::kForeign) << header.name;
  }
}

TEST_F(InspectPrefixTest, TooSmallADiskIsForeign) {
  EXPECT_EQ(InspectPrefix(prefix_, kStateDiskMinBytes - 1).content, DiskContent::kForeign);
  prefix_.pop_back();
  EXPECT_EQ(InspectPrefix(prefix_, kDiskBytes).content, DiskContent::kForeign);
  EXPECT_EQ(InspectPrefix({}, 0).content, DiskContent::kForeign);
}

}  // namespace
}  // namespace kedge
