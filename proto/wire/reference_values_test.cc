#include "proto/wire/reference_values.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/status_matchers.h"

namespace kedge::wire {
namespace {

nlohmann::json Good() {
  const auto value = [](char digit) { return std::string(64, digit); };
  return {{"image", {{"name", "kedge-node"}, {"version", "0.1.0"}, {"variant", "release"}}},
          {"pcrs", {{"4", value('4')}, {"9", value('9')}, {"12", value('0')}, {"13", value('0')}}},
          {"pcr11",
           {{"enter-initrd", value('a')},
            {"leave-initrd", value('b')},
            {"sysinit", value('c')},
            {"ready", value('d')}}},
          {"build_time", "2025-10-09T08:53:20Z"}};
}

StatusOr<ReferenceValues> Parse(const nlohmann::json& json) {
  return ParseReferenceValues(AsBytes(json.dump()), {"worker"});
}

TEST(ReferenceValues, AreReadInBootOrder) {
  ASSERT_OK_AND_ASSIGN(const ReferenceValues values, Parse(Good()));
  EXPECT_EQ(values.image_name, "kedge-node-release");
  EXPECT_EQ(values.image_version, "0.1.0");
  EXPECT_EQ(values.roles, std::vector<std::string>{"worker"});
  EXPECT_EQ(ToHex(values.pcrs.at(4)), std::string(64, '4'));
  ASSERT_EQ(values.pcr11_phases.size(), 4U);
  EXPECT_EQ(values.pcr11_phases[0].first, "enter-initrd");
  EXPECT_EQ(ToHex(values.pcr11_phases[0].second), std::string(64, 'a'));
  EXPECT_EQ(values.pcr11_phases[3].first, "ready");
}

TEST(ReferenceValues, RefusesGapsAndExtras) {
  for (const char* pointer : {"/pcrs/4", "/pcrs/9", "/pcrs/12", "/pcrs/13", "/pcr11/enter-initrd",
                              "/pcr11/ready", "/image/name", "/image/version"}) {
    const auto broken = Good().patch({{{"op", "remove"}, {"path", pointer}}});
    EXPECT_FALSE(Parse(broken).ok()) << pointer;
  }
  for (const char* pointer : {"/pcrs/7", "/pcr11/shutdown", "/other", "/pcrs/x"}) {
    const auto broken =
        Good().patch({{{"op", "add"}, {"path", pointer}, {"value", std::string(64, '1')}}});
    EXPECT_FALSE(Parse(broken).ok()) << pointer;
  }
  auto odd = Good();
  odd["pcrs"]["4"] = std::string(63, '4');
  EXPECT_FALSE(Parse(odd).ok());
  odd["pcrs"]["4"] = std::string(64, 'A');
  EXPECT_FALSE(Parse(odd).ok()) << "one spelling only";
}

}  // namespace
}  // namespace kedge::wire
