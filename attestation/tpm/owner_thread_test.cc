#include "attestation/tpm/owner_thread.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace kedge {
namespace {

TEST(OwnerThread, ReturnsWhatTheWorkReturned) {
  OwnerThread owner;
  EXPECT_EQ(owner.Run([] { return std::string("answer"); }), "answer");
}

TEST(OwnerThread, AllWorkRunsOnOneThreadThatIsNotTheCallers) {
  OwnerThread owner;
  std::set<std::thread::id> seen;  // touched by the owner thread only
  int count = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        owner.Run([&] {
          seen.insert(std::this_thread::get_id());
          return ++count;
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(owner.Run([&] { return count; }), 800);
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_FALSE(seen.contains(std::this_thread::get_id()));
}

}  // namespace
}  // namespace kedge
