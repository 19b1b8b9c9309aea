#include "attestation/parse/nitro_document.h"

#include <gtest/gtest.h>

#include "attestation/parse/cbor_reader.h"
#include "attestation/parse/testing/cbor_writer.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::CborWriter;

Bytes Protected() { return CborWriter().Map(1).Unsigned(1).Negative(34).Take(); }

Bytes Message(const Bytes& header = Protected(), const Bytes& payload = Bytes{1}) {
  return CborWriter().Array(4).Bstr(header).Map(0).Bstr(payload).Bstr(Bytes(96, 7)).Take();
}

TEST(CborReader, SkipsWholeItemsAndNothingElse) {
  const Bytes bytes = CborWriter()
                          .Map(2)
                          .Text("a")
                          .Array(2)
                          .Unsigned(1)
                          .Tag(5)
                          .Null()
                          .Unsigned(2)
                          .Raw(Bytes{0xBF, 0x01, 0x02, 0xFF})  // an indefinite map
                          .Unsigned(9)
                          .Take();
  CborReader reader(bytes);
  ASSERT_OK(reader.SkipItem(4));
  ASSERT_OK_AND_ASSIGN(const CborItem item, reader.Expect(CborKind::kUnsigned));
  EXPECT_EQ(item.value, 9u);
  EXPECT_OK(reader.ExpectEnd());
}

TEST(CborReader, HostileItemsAreMalformed) {
  for (const Bytes& bytes :
       {CborWriter().Array(~uint64_t{0}).Take(), CborWriter().Map(uint64_t{1} << 63).Take(),
        Bytes{0xFF}, Bytes{0x9F, 0x01}, Bytes{0xBF, 0x01, 0xFF}, Bytes{0x5F, 0x41, 0x00, 0xFF},
        Bytes{0xF9, 0x00, 0x00}, Bytes{0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
        Bytes{0xF7}, Bytes{0x1C}, Bytes(9, 0x81), Bytes(9, 0xC0), Bytes()}) {
    CborReader reader(bytes);
    EXPECT_THAT(reader.SkipItem(4), HasFault("MALFORMED")) << ToHex(bytes);
  }
}

TEST(ParseCoseSign1, TakesTaggedAndUntaggedMessages) {
  const Bytes plain = Message();
  Bytes tagged = plain;
  tagged.insert(tagged.begin(), 0xD2);
  for (const Bytes& bytes : {plain, tagged}) {
    ASSERT_OK_AND_ASSIGN(const CoseSign1 message, ParseCoseSign1(bytes));
    EXPECT_EQ(message.algorithm, kCoseEs384);
    EXPECT_EQ(ToBytes(message.payload), Bytes{1});
    EXPECT_EQ(message.signature.size(), 96u);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THAT(ParseCoseSign1(ByteView(bytes).first(size)), HasFault("MALFORMED")) << size;
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_THAT(ParseCoseSign1(longer), HasFault("MALFORMED"));
  }
}

TEST(ParseCoseSign1, OtherHeadersAreMalformed) {
  for (const Bytes& header :
       {Bytes{}, CborWriter().Map(0).Take(), CborWriter().Map(1).Unsigned(2).Negative(34).Take(),
        CborWriter().Map(2).Unsigned(1).Negative(34).Unsigned(2).Negative(1).Take(),
        CborWriter().Map(1).Unsigned(1).Unsigned(34).Take(),
        CborWriter().Map(1).Unsigned(1).Negative(34).Null().Take()}) {
    EXPECT_THAT(ParseCoseSign1(Message(header)), HasFault("MALFORMED")) << ToHex(header);
  }
  const Bytes unprotected = CborWriter()
                                .Array(4)
                                .Bstr(Protected())
                                .Map(1)
                                .Unsigned(1)
                                .Negative(34)
                                .Bstr(Bytes{1})
                                .Bstr(Bytes(96, 7))
                                .Take();
  EXPECT_THAT(ParseCoseSign1(unprotected), HasFault("MALFORMED"));
  const Bytes wrong_tag = [] {
    Bytes out = Message();
    out.insert(out.begin(), 0xD1);
    return out;
  }();
  EXPECT_THAT(ParseCoseSign1(wrong_tag), HasFault("MALFORMED"));
}

TEST(ToBeSigned, IsTheSigStructure) {
  const Bytes bytes = Message();
  ASSERT_OK_AND_ASSIGN(const CoseSign1 message, ParseCoseSign1(bytes));
  EXPECT_EQ(
      ToBeSigned(message),
      CborWriter().Array(4).Text("Signature1").Bstr(Protected()).Bstr({}).Bstr(Bytes{1}).Take());
}

CborWriter Document(const std::string& pcrs = "pcrs") {
  CborWriter out;
  out.Map(8).Text("module_id").Text("i-1").Text("digest").Text("SHA384");
  out.Text("timestamp").Unsigned(1'700'000'000'000);
  out.Text(pcrs).Map(2).Unsigned(0).Bstr(Bytes(48, 1)).Unsigned(4).Bstr(Bytes(48, 2));
  out.Text("certificate").Bstr(Bytes(5, 3)).Text("cabundle").Array(1).Bstr(Bytes(6, 4));
  out.Text("nonce").Bstr(Bytes(3, 5));
  return out;
}

TEST(ParseNitroDocument, ReadsEveryMember) {
  const Bytes bytes = Document().Text("user_data").Null().Take();
  ASSERT_OK_AND_ASSIGN(const NitroDocument document, ParseNitroDocument(bytes));
  EXPECT_EQ(document.module_id, "i-1");
  EXPECT_EQ(document.timestamp_ms, 1'700'000'000'000u);
  EXPECT_FALSE(document.nitro_tpm);
  EXPECT_EQ(document.pcrs, (PcrValues{{0, Bytes(48, 1)}, {4, Bytes(48, 2)}}));
  EXPECT_EQ(ToBytes(document.certificate), Bytes(5, 3));
  ASSERT_EQ(document.cabundle.size(), 1u);
  EXPECT_EQ(ToBytes(document.nonce.value()), Bytes(3, 5));
  EXPECT_FALSE(document.user_data.has_value());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseNitroDocument(ByteView(bytes).first(size)), HasFault("MALFORMED")) << size;
  }
}

TEST(ParseNitroDocument, NitroTpmAndUnknownMembersAreTold) {
  const Bytes bytes = Document("nitrotpm_pcrs").Text("future\x1b").Array(1).Unsigned(1).Take();
  ASSERT_OK_AND_ASSIGN(const NitroDocument document, ParseNitroDocument(bytes));
  EXPECT_TRUE(document.nitro_tpm);
  EXPECT_EQ(document.other_members, std::vector<std::string>{"future\\x1b"});
}

TEST(ParseNitroDocument, RepeatedMissingAndOversizedMembersAreMalformed) {
  EXPECT_THAT(ParseNitroDocument(Document().Text("nonce").Null().Take()), HasFault("MALFORMED"));
  EXPECT_THAT(ParseNitroDocument(Document("other").Text("user_data").Null().Take()),
              HasFault("MALFORMED"));
  EXPECT_THAT(ParseNitroDocument(Document().Text("user_data").Bstr(Bytes(4097, 0)).Take()),
              HasFault("MALFORMED"));
  EXPECT_THAT(ParseNitroDocument(Document().Unsigned(1).Null().Take()), HasFault("MALFORMED"));
  EXPECT_THAT(ParseNitroDocument(Document().Text("nitrotpm_pcrs").Map(0).Take()),
              HasFault("MALFORMED"));
  EXPECT_THAT(ParseNitroDocument(CborWriter().Map(0).Take()), HasFault("MALFORMED"));
  EXPECT_THAT(ParseNitroDocument(CborWriter().Map(33).Take()), HasFault("MALFORMED"));
}

Bytes Scale(const Bytes& message, uint8_t version = 0) {
  Bytes out = {version, 2};
  const auto compact = static_cast<uint32_t>((message.size() << 2) | 1);
  out.push_back(static_cast<uint8_t>(compact));
  out.push_back(static_cast<uint8_t>(compact >> 8));
  out.insert(out.end(), message.begin(), message.end());
  out.insert(out.end(), {4, 4, 'e', 4, 'p'});  // one event of a name and a payload
  out.insert(out.end(), 64, 0);
  out.insert(out.end(), {8, '{', '}'});
  return out;
}

TEST(FindCoseMessage, LooksIntoTheEnvelopeThatMustBeWhole) {
  const Bytes message = Message();
  ASSERT_OK_AND_ASSIGN(const ByteView bare, FindCoseMessage(message));
  EXPECT_EQ(ToBytes(bare), message);
  const Bytes wrapped = Scale(message);
  ASSERT_OK_AND_ASSIGN(const ByteView inner, FindCoseMessage(wrapped));
  EXPECT_EQ(ToBytes(inner), message);
  for (size_t size = 0; size < wrapped.size(); ++size) {
    EXPECT_THAT(FindCoseMessage(ByteView(wrapped).first(size)), HasFault("MALFORMED")) << size;
  }
  Bytes longer = wrapped;
  longer.push_back(0);
  EXPECT_THAT(FindCoseMessage(longer), HasFault("MALFORMED"));
  EXPECT_THAT(FindCoseMessage(Scale(message, 1)), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
