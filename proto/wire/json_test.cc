#include "proto/wire/json.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "proto/kedge.pb.h"

namespace kedge::wire {
namespace {

constexpr JsonLimits kLimits{.max_bytes = 256, .max_depth = 3, .max_values = 16};

Status Parse(std::string_view text) {
  v1::RolePolicy message;
  return ParseJson(text, kLimits, &message);
}

TEST(ParseJson, FillsTheMessage) {
  v1::RolePolicy message;
  ASSERT_OK(ParseJson(R"({"role": "worker", "evidence_levels": ["tee-vtpm", "host-vtpm"]})",
                      kLimits, &message));
  EXPECT_EQ(message.role(), "worker");
  ASSERT_EQ(message.evidence_levels_size(), 2);
  EXPECT_EQ(message.evidence_levels(1), "host-vtpm");
  EXPECT_OK(Parse("{}"));
  EXPECT_OK(Parse(" \n{ } \n"));
}

TEST(ParseJson, RefusesUnknownNamesAndOtherSpellings) {
  EXPECT_THAT(Parse(R"({"rule": "worker"})"), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(R"({"evidenceLevels": []})"), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(R"({"Role": "worker"})"), HasFault("MALFORMED"));
}

// protobuf's own reader takes the last of two values, or joins two lists.
TEST(ParseJson, RefusesNamesThatAreThereTwice) {
  EXPECT_THAT(Parse(R"({"role": "worker", "role": "control-plane"})"), HasFault("MALFORMED"));
  EXPECT_THAT(Parse(R"({"role": "worker", "\u0072ole": "control-plane"})"), HasFault("MALFORMED"));
  v1::Image image;
  EXPECT_THAT(ParseJson(R"({"pcrs": {"4": "aa", "4": "bb"}})", kLimits, &image),
              HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"pcr11": [{"phase": "a", "phase": "b"}]})", kLimits, &image),
              HasFault("MALFORMED"));
  // The same name in two objects is fine.
  EXPECT_OK(ParseJson(R"({"pcr11": [{"phase": "a"}, {"phase": "b"}]})", kLimits, &image));
}

// Each of these passes protobuf's lenient reader.
TEST(ParseJson, RefusesWhatIsNotRfc8259) {
  for (const char* text : {"{'role': 'worker'}", "{role: \"worker\"}", R"({"role": "worker",})",
                           "{\"role\": \"\xff\"}", R"({"role": "worker"} x)",
                           R"({"role": "worker"}{})", "", " ", "[]", "\"x\"", "1", "{", "}",
                           R"({"role": "a)", "\xef\xbb\xbf", "{} //", R"({"role": "\ud800"})"}) {
    EXPECT_THAT(Parse(text), HasFault("MALFORMED")) << text;
  }
}

TEST(ParseJson, RefusesNullsFractionsAndWrongTypes) {
  v1::Manifest manifest;
  EXPECT_THAT(ParseJson(R"({"cluster": null})", kLimits, &manifest), HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"generation": 1.0})", kLimits, &manifest), HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"generation": 1e0})", kLimits, &manifest), HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"generation": -1})", kLimits, &manifest), HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"generation": true})", kLimits, &manifest), HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"cluster": 1})", kLimits, &manifest), HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"roles": {}})", kLimits, &manifest), HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"roles": [1]})", kLimits, &manifest), HasFault("MALFORMED"));
  EXPECT_THAT(ParseJson(R"({"cluster": []})", kLimits, &manifest), HasFault("MALFORMED"));
  v1::Image image;
  EXPECT_THAT(ParseJson(R"({"pcrs": []})", kLimits, &image), HasFault("MALFORMED"));
  ASSERT_OK(ParseJson(R"({"generation": 18446744073709551615})", kLimits, &manifest));
  EXPECT_EQ(manifest.generation(), UINT64_MAX);
  EXPECT_THAT(ParseJson(R"({"generation": 18446744073709551616})", kLimits, &manifest),
              HasFault("MALFORMED"));
}

TEST(ParseJson, TakesOneSpellingOfBase64) {
  v1::SeedShare share;
  ASSERT_OK(ParseJson(R"({"salt": "+/8="})", kLimits, &share));
  EXPECT_EQ(share.salt(), "\xfb\xff");
  for (const char* text : {R"({"salt": "-_8="})", R"({"salt": "+/8"})", R"({"salt": "+/9="})",
                           R"({"salt": " +/8="})"}) {
    EXPECT_THAT(ParseJson(text, kLimits, &share), HasFault("MALFORMED")) << text;
  }
}

TEST(ParseJson, KeepsToItsLimits) {
  EXPECT_THAT(Parse(std::string(257, ' ')), HasFault("MALFORMED"));
  EXPECT_OK(Parse(std::string(254, ' ') + "{}"));
  v1::Manifest manifest;
  EXPECT_OK(ParseJson(R"({"images": [{}]})", kLimits, &manifest));
  EXPECT_THAT(ParseJson(R"({"images": [{"pcrs": {}}]})", kLimits, &manifest),
              HasFault("MALFORMED"));
  const std::string deep = std::string(200, '[');
  EXPECT_THAT(Parse(deep), HasFault("MALFORMED"));
  EXPECT_OK(Parse(R"({"identity_kinds": ["", "", "", "", "", "", "", "", "", "", "", "", ""]})"));
  EXPECT_THAT(
      Parse(R"({"identity_kinds": ["", "", "", "", "", "", "", "", "", "", "", "", "", ""]})"),
      HasFault("MALFORMED"));
}

TEST(PrintJson, IsReadBackByParseJson) {
  v1::RolePolicy message;
  message.set_role("worker");
  message.add_identity_kinds("ek");
  ASSERT_OK_AND_ASSIGN(const std::string text, PrintJson(message));
  EXPECT_NE(text.find("identity_kinds"), std::string::npos) << "snake_case: " << text;
  v1::RolePolicy again;
  ASSERT_OK(ParseJson(text, kLimits, &again));
  EXPECT_EQ(again.SerializeAsString(), message.SerializeAsString());
}

}  // namespace
}  // namespace kedge::wire
