#include "attestation/collateral/http.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge::collateral {
namespace {

TEST(CheckAnswer, NamesWhatWentWrong) {
  const auto check = [](int status) { return CheckAnswer("https://x", {status, {}, {}}); };
  EXPECT_OK(check(200));
  EXPECT_THAT(check(429), HasFault("COLLATERAL_THROTTLED"));
  EXPECT_THAT(check(503), HasFault("COLLATERAL_THROTTLED"));
  EXPECT_THAT(check(404), HasFault("COLLATERAL_UNKNOWN"));
  for (const int status : {0, 204, 206, 301, 500}) {
    EXPECT_THAT(check(status), HasFault("COLLATERAL_UNAVAILABLE")) << status;
  }
}

TEST(RetryAfter, ReadsSeconds) {
  const auto with = [](const std::string& value) {
    return RetryAfter({429, {{"retry-after", value}}, {}});
  };
  EXPECT_EQ(with("17"), absl::Seconds(17));
  EXPECT_EQ(with("-1"), std::nullopt);
  EXPECT_EQ(with("Fri, 31 Dec 1999 23:59:59 GMT"), std::nullopt);
  EXPECT_EQ(RetryAfter({429, {}, {}}), std::nullopt);
}

TEST(PercentDecode, ReadsWholeBytes) {
  ASSERT_OK_AND_ASSIGN(const std::string text, PercentDecode("a%20b%0A%2b"));
  EXPECT_EQ(text, "a b\n+");
  for (const char* bad : {"%", "%2", "a%2", "%zz", "% 1"}) {
    EXPECT_THAT(PercentDecode(bad), HasFault("MALFORMED")) << bad;
  }
}

}  // namespace
}  // namespace kedge::collateral
