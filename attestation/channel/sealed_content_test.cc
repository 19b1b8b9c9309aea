#include "attestation/channel/sealed_content.h"

#include <gtest/gtest.h>

#include "base/lp.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

SecretBytes Secret(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }

Bytes Hello(ByteView request, std::string_view type, ByteView proof, ByteView payload) {
  return Lp({request, AsBytes(type), proof, payload});
}

TEST(HelloContentTest, SurvivesTheRoundTrip) {
  const HelloContent content{.request = ToBytes("request"),
                             .proof_type = ProofType::kOwner,
                             .proof = ToBytes("proof"),
                             .payload = ToBytes("payload")};
  ASSERT_OK_AND_ASSIGN(const Bytes encoded, EncodeHelloContent(content));
  ASSERT_OK_AND_ASSIGN(const HelloContent parsed, ParseHelloContent(encoded));
  EXPECT_EQ(parsed.request, content.request);
  EXPECT_EQ(parsed.proof_type, content.proof_type);
  EXPECT_EQ(parsed.proof, content.proof);
  EXPECT_EQ(parsed.payload, content.payload);
}

TEST(HelloContentTest, TakesTheLongestFieldsAndNotOneByteMore) {
  const HelloContent longest{.request = Bytes(kMaxRequest),
                             .proof_type = ProofType::kVtpm,
                             .proof = Bytes(kMaxProof),
                             .payload = Bytes(kMaxPayload)};
  ASSERT_OK_AND_ASSIGN(const Bytes encoded, EncodeHelloContent(longest));
  EXPECT_LE(encoded.size() + kGcmTagSize, kMaxHello);
  EXPECT_OK(ParseHelloContent(encoded));
  for (Bytes HelloContent::*field :
       {&HelloContent::request, &HelloContent::proof, &HelloContent::payload}) {
    HelloContent too_long = longest;
    (too_long.*field).push_back(0);
    EXPECT_THAT(EncodeHelloContent(too_long), HasCode(StatusCode::kInvalidArgument));
    EXPECT_THAT(
        ParseHelloContent(Hello(too_long.request, "vtpm", too_long.proof, too_long.payload)),
        HasFault("MALFORMED"));
  }
}

TEST(HelloContentTest, RefusesWhatDoesNotFitTogether) {
  const Bytes some(3, 1), none;
  EXPECT_OK(ParseHelloContent(Hello(some, "vtpm", some, some)));
  EXPECT_OK(ParseHelloContent(Hello(some, "none", none, some)));
  EXPECT_THAT(ParseHelloContent(Hello(some, "vtpm", none, some)), HasFault("MALFORMED"));
  EXPECT_THAT(ParseHelloContent(Hello(some, "none", some, some)), HasFault("MALFORMED"));
  EXPECT_THAT(ParseHelloContent(Hello(some, "VTPM", some, some)), HasFault("MALFORMED"));
  EXPECT_THAT(ParseHelloContent(Hello(some, "", some, some)), HasFault("MALFORMED"));
  EXPECT_THAT(ParseHelloContent(Hello(some, std::string(17, 'v'), some, some)),
              HasFault("MALFORMED"));
}

TEST(HelloContentTest, RefusesEveryTruncationAndTrailingBytes) {
  Bytes encoded = Hello(Bytes(5, 1), "vtpm", Bytes(6, 2), Bytes(7, 3));
  for (size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_THAT(ParseHelloContent(ByteView(encoded).first(size)), HasFault("MALFORMED")) << size;
  }
  encoded.push_back(0);
  EXPECT_THAT(ParseHelloContent(encoded), HasFault("MALFORMED"));
}

TEST(BoxContentTest, SurvivesTheRoundTrip) {
  const BoxContent content{
      .kind = "dek", .id = "node-2/state", .generation = 0x01020304, .secret = Secret("secret")};
  ASSERT_OK_AND_ASSIGN(const SecretBytes encoded, EncodeBoxContent(content));
  ASSERT_OK_AND_ASSIGN(const BoxContent parsed, encoded.Reveal(&ParseBoxContent));
  EXPECT_EQ(parsed.kind, "dek");
  EXPECT_EQ(parsed.id, "node-2/state");
  EXPECT_EQ(parsed.generation, 0x01020304u);
  EXPECT_TRUE(parsed.secret.EqualsConstantTime(Secret("secret")));
}

TEST(BoxContentTest, RefusesToSealNothingOrTooMuch) {
  EXPECT_THAT(EncodeBoxContent({.kind = "dek", .id = "a", .generation = 0, .secret = {}}),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(EncodeBoxContent({.kind = std::string(kMaxBoxName + 1, 'k'),
                                .id = "a",
                                .generation = 0,
                                .secret = Secret("s")}),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(EncodeBoxContent({.kind = "dek",
                                .id = std::string(kMaxBoxName + 1, 'k'),
                                .generation = 0,
                                .secret = Secret("s")}),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(EncodeBoxContent({.kind = "dek",
                                .id = "a",
                                .generation = 0,
                                .secret = Secret(std::string(kMaxBoxedSecret + 1, 's'))}),
              HasCode(StatusCode::kInvalidArgument));
}

TEST(BoxContentTest, RefusesEveryTruncationTrailingBytesAndAnEmptySecret) {
  const Bytes generation(4, 0);
  Bytes encoded = Lp({AsBytes("dek"), AsBytes("id"), generation, AsBytes("secret")});
  EXPECT_OK(ParseBoxContent(encoded));
  for (size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_THAT(ParseBoxContent(ByteView(encoded).first(size)), HasFault("MALFORMED")) << size;
  }
  encoded.push_back(0);
  EXPECT_THAT(ParseBoxContent(encoded), HasFault("MALFORMED"));
  EXPECT_THAT(ParseBoxContent(Lp({AsBytes("dek"), AsBytes("id"), generation, AsBytes("")})),
              HasFault("MALFORMED"));
  EXPECT_THAT(ParseBoxContent(Lp({AsBytes("dek"), AsBytes("id"), Bytes(3, 0), AsBytes("secret")})),
              HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
