#include "storage/core/live_table.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

// As Linux 6.1 printed it for a disk that libcryptsetup 2.6.1 opened.
constexpr char kCrypt[] =
    "capi:authenc(hmac(sha256),xts(aes))-plain64 "
    ":96:logon:cryptsetup:17aa7ebd-56a7-4afa-9017-250f0714f63f-d0 0 254:0 0 2 integrity:32:aead "
    "sector_size:4096";
constexpr char kIntegrity[] =
    "98:16 32768 32 J 7 block_size:4096 journal_sectors:792 interleave_sectors:32768 "
    "buffer_sectors:128 journal_watermark:50 commit_time:10000 fix_padding";

LiveTables Live(const std::string& crypt = kCrypt, const std::string& integrity = kIntegrity) {
  return {
      .crypt = {{.start = 0, .length = 96736, .type = "crypt", .parameters = crypt}},
      .integrity = {{.start = 0, .length = 96736, .type = "integrity", .parameters = integrity}}};
}

const ExpectedTables kExpected = {.data_sectors = 96736,
                                  .uuid = "17aa7ebd-56a7-4afa-9017-250f0714f63f",
                                  .disk = "98:16",
                                  .integrity_device = "254:0"};

std::string With(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(LiveTableTest, TheRealTablePasses) { EXPECT_OK(CheckLiveTables(Live(), kExpected)); }

TEST(LiveTableTest, OrderOfOptionsDoesNotMatter) {
  EXPECT_OK(CheckLiveTables(Live(With(kCrypt, "integrity:32:aead sector_size:4096",
                                      "sector_size:4096 integrity:32:aead")),
                            kExpected));
}

TEST(LiveTableTest, AnotherCryptTableIsRefused) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"capi:authenc(hmac(sha256),xts(aes))-plain64", "cipher_null-ecb"},
           {"capi:authenc(hmac(sha256),xts(aes))-plain64", "aes-xts-plain64"},
           {"capi:authenc(hmac(sha256),xts(aes))-plain64", "capi:xts(aes)-plain64"},
           {":96:logon:", ":96:user:"},
           {":96:logon:", ":32:logon:"},
           {"17aa7ebd", "27aa7ebd"},
           {"-d0 0 254:0", "-d0 8 254:0"},
           {"254:0 0 2", "254:0 8 2"},
           {"254:0", "254:1"},
           {"254:0", "98:16"},
           {"2 integrity:32:aead", "3 allow_discards integrity:32:aead"},
           {"2 integrity:32:aead", "3 integrity:32:aead"},
           {"2 integrity:32:aead sector_size:4096", "1 integrity:32:aead"},
           {"2 integrity:32:aead sector_size:4096", "1 sector_size:4096"},
           {"2 integrity:32:aead sector_size:4096", "0"},
           {" 2 integrity:32:aead sector_size:4096", ""},
           {"integrity:32:aead", "integrity:32:none"},
           {"sector_size:4096", "sector_size:512"}}) {
    EXPECT_THAT(CheckLiveTables(Live(With(kCrypt, from, to)), kExpected),
                HasFault("TABLE_MISMATCH"))
        << to;
  }
}

TEST(LiveTableTest, AnotherIntegrityTableIsRefused) {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"98:16", "98:32"},
                                                        {" 32768 32 J", " 0 32 J"},
                                                        {" 32 J", " 16 J"},
                                                        {" J 7", " D 7"},
                                                        {" J 7", " B 7"},
                                                        {" J 7", " R 7"},
                                                        {" J 7", " J 6"},
                                                        {"block_size:4096", "block_size:512"},
                                                        {"J 7 block_size:4096", "J 6"},
                                                        {"fix_padding", "recalculate"},
                                                        {"fix_padding", "reset_recalculate"},
                                                        {"fix_padding", "allow_discards"},
                                                        {"fix_padding", "legacy_recalculate"},
                                                        {"fix_padding", "internal_hash:sha256"},
                                                        {"fix_padding", "meta_device:98:32"},
                                                        {"fix_padding", "bitmap_flush_interval:1"},
                                                        {"fix_padding", "fix_hmac"},
                                                        {"commit_time:10000", "commit_time:"},
                                                        {"commit_time:10000", "commit_time:1x"}}) {
    EXPECT_THAT(CheckLiveTables(Live(kCrypt, With(kIntegrity, from, to)), kExpected),
                HasFault("TABLE_MISMATCH"))
        << to;
  }
  EXPECT_THAT(CheckLiveTables(Live(kCrypt, "98:16 32768 32 J"), kExpected),
              HasFault("TABLE_MISMATCH"));
  EXPECT_THAT(CheckLiveTables(Live(kCrypt, ""), kExpected), HasFault("TABLE_MISMATCH"));
}

TEST(LiveTableTest, AnotherShapeIsRefused) {
  LiveTables none, twice = Live(), shorter = Live(), later = Live(), linear = Live(),
                   integrity_shorter = Live();
  twice.crypt.push_back(twice.crypt[0]);
  shorter.crypt[0].length -= 8;
  later.crypt[0].start = 8;
  linear.crypt[0].type = "linear";
  integrity_shorter.integrity[0].length -= 8;
  for (const LiveTables& live : {none, twice, shorter, later, linear, integrity_shorter}) {
    EXPECT_THAT(CheckLiveTables(live, kExpected), HasFault("TABLE_MISMATCH"));
  }
}

TEST(LiveTableTest, KeyInTheTableIsRefusedAndNotRepeated) {
  const std::string key(192, '7');
  const Status status = CheckLiveTables(
      Live(With(kCrypt, ":96:logon:cryptsetup:17aa7ebd-56a7-4afa-9017-250f0714f63f-d0", key)),
      kExpected);
  EXPECT_THAT(status, HasFault("TABLE_MISMATCH"));
  EXPECT_THAT(MessageOf(status), ::testing::Not(::testing::HasSubstr("7777")));
}

TEST(LiveTableTest, OnlyTheExpectedWindowPasses) {
  const LinearWindow expected{.device = "254:1", .start = 2048, .length = 63488};
  const TableTarget good{.start = 0, .length = 63488, .type = "linear", .parameters = "254:1 2048"};
  EXPECT_OK(CheckLinearTable({good}, expected));
  TableTarget later = good, longer = good, type = good, device = good, start = good;
  later.start = 8;
  longer.length += 8;
  type.type = "zero";
  device.parameters = "98:0 2048";
  start.parameters = "254:1 0";
  for (const TableTarget& other : {later, longer, type, device, start}) {
    EXPECT_THAT(CheckLinearTable({other}, expected), HasFault("TABLE_MISMATCH"));
  }
  EXPECT_THAT(CheckLinearTable({}, expected), HasFault("TABLE_MISMATCH"));
  EXPECT_THAT(CheckLinearTable({good, good}, expected), HasFault("TABLE_MISMATCH"));
}

}  // namespace
}  // namespace kedge
