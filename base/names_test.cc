#include "base/names.h"

#include <gtest/gtest.h>

#include <string>

namespace kedge {
namespace {

TEST(IsName, AcceptsRfc1123Labels) {
  for (const char* name : {"a", "7", "node-1", "a--b", "0a"}) EXPECT_TRUE(IsName(name)) << name;
  EXPECT_TRUE(IsName(std::string(63, 'a')));
}

TEST(IsName, RefusesEverythingElse) {
  for (const char* name : {"", "-a", "a-", "A", "a.b", "a_b", "a b", "a/b", "..", "\xc3\xa4"}) {
    EXPECT_FALSE(IsName(name)) << name;
  }
  EXPECT_FALSE(IsName(std::string(64, 'a')));
  EXPECT_FALSE(IsName(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace kedge
