#include "attestation/parse/snp_cert_table.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

constexpr char kVcek[] = "63da758de6644564adc5f4b93be8accd";
constexpr char kVcekMixed[] = "8d75da6364e66445adc5f4b93be8accd";
constexpr char kVlek[] = "a8074bc2a25a483eaae639c045a0b8a1";
constexpr char kAsk[] = "4ab7b379bbac4fe4a02f05aef327c782";
constexpr char kArk[] = "c0b406a4a803495297433fb6014cd0ae";
constexpr char kCrl[] = "92f81bc358114d3d97ffd19f88dc67ea";

struct Entry {
  std::string guid;
  std::string content;
};

void Append32(Bytes& out, size_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

Bytes Table(const std::vector<Entry>& entries) {
  Bytes head;
  Bytes body;
  for (const Entry& entry : entries) {
    const Bytes guid = *FromHex(entry.guid);
    head.insert(head.end(), guid.begin(), guid.end());
    Append32(head, 24 * (entries.size() + 1) + body.size());
    Append32(head, entry.content.size());
    body.insert(body.end(), entry.content.begin(), entry.content.end());
  }
  head.resize(head.size() + 24, 0);
  head.insert(head.end(), body.begin(), body.end());
  return head;
}

TEST(SnpCertTable, EveryKindIsFound) {
  ASSERT_OK_AND_ASSIGN(const SnpCertTable table,
                       ParseSnpCertTable(Table({{kVcek, "vcek"},
                                                {kVlek, "vlek"},
                                                {kAsk, "ask"},
                                                {kArk, "ark"},
                                                {kCrl, "one"},
                                                {kCrl, "two"},
                                                {std::string(32, '7'), "x"}})));
  EXPECT_EQ(table.vcek, ToBytes("vcek"));
  EXPECT_EQ(table.vlek, ToBytes("vlek"));
  EXPECT_EQ(table.ask, ToBytes("ask"));
  EXPECT_EQ(table.ark, ToBytes("ark"));
  EXPECT_EQ(table.crls, (std::vector<Bytes>{ToBytes("one"), ToBytes("two")}));
  EXPECT_EQ(table.unknown, 1u);
}

TEST(SnpCertTable, MixedEndianGuidsAreKnownToo) {
  ASSERT_OK_AND_ASSIGN(const SnpCertTable table, ParseSnpCertTable(Table({{kVcekMixed, "vcek"}})));
  EXPECT_EQ(table.vcek, ToBytes("vcek"));
}

TEST(SnpCertTable, NothingToGiveIsNoError) {
  EXPECT_OK(ParseSnpCertTable({}));
  EXPECT_OK(ParseSnpCertTable(Bytes(4096, 0)));
}

TEST(SnpCertTable, HostileTablesAreMalformed) {
  Bytes outside = Table({{kVcek, "vcek"}});
  outside[20] = 0xFF;
  EXPECT_THAT(ParseSnpCertTable(outside), HasFault("MALFORMED"));
  Bytes far = Table({{kVcek, "vcek"}});
  far[19] = 0xFF;
  EXPECT_THAT(ParseSnpCertTable(far), HasFault("MALFORMED"));
  EXPECT_THAT(ParseSnpCertTable(Table({{kVcek, "a"}, {kVcek, "b"}})), HasFault("MALFORMED"));
  EXPECT_THAT(ParseSnpCertTable(Table({{kVcek, ""}})), HasFault("MALFORMED"));
  EXPECT_THAT(ParseSnpCertTable(ByteView(Table({{kVcek, "a"}})).first(30)), HasFault("MALFORMED"));
  EXPECT_THAT(ParseSnpCertTable(Table(std::vector<Entry>(40, {std::string(32, '7'), "x"}))),
              HasFault("MALFORMED"));
  EXPECT_THAT(ParseSnpCertTable(Bytes(kMaxSnpCertTable + 1, 0)), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
