#include "bootstrapper/core/smbios.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

// A type 11 structure as the kernel shows it.
Bytes Structure(const std::vector<std::string>& strings) {
  Bytes out = {11, 5, 0x00, 0x0E, static_cast<uint8_t>(strings.size())};
  for (const std::string& text : strings) {
    out.insert(out.end(), text.begin(), text.end());
    out.push_back(0);
  }
  if (strings.empty()) out.push_back(0);
  out.push_back(0);
  return out;
}

TEST(Smbios, FindsTheInvitationAmongOthers) {
  ASSERT_OK_AND_ASSIGN(const auto found,
                       InvitationInOemStrings(
                           Structure({"io.systemd.credential:x=y", "kedge.invitation=aGVsbG8="})));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(AsText(*found), "hello");
}

TEST(Smbios, NoneIsNotAnError) {
  for (const auto& strings :
       {std::vector<std::string>{}, {"a", "b"}, {"xkedge.invitation=aGVsbG8="}}) {
    ASSERT_OK_AND_ASSIGN(const auto found, InvitationInOemStrings(Structure(strings)));
    EXPECT_EQ(found, std::nullopt);
  }
}

TEST(Smbios, MalformedIsRefused) {
  const Bytes good = Structure({"kedge.invitation=aGVsbG8="});
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(InvitationInOemStrings(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THAT(InvitationInOemStrings(longer), HasFault("MALFORMED"));
  Bytes other_type = good;
  other_type[0] = 12;
  EXPECT_THAT(InvitationInOemStrings(other_type), HasFault("MALFORMED"));
  Bytes miscounted = good;
  miscounted[4] = 2;
  EXPECT_THAT(InvitationInOemStrings(miscounted), HasFault("MALFORMED"));
  EXPECT_THAT(InvitationInOemStrings(Structure({"kedge.invitation=!"})), HasFault("MALFORMED"));
  EXPECT_THAT(
      InvitationInOemStrings(Structure({"kedge.invitation=aGVsbG8=", "kedge.invitation=aGVsbG8="})),
      HasFault("MALFORMED"))
      << "no choice between two";
}

}  // namespace
}  // namespace kedge
