#include "attestation/verify/pck_chain_cache.h"

#include <gtest/gtest.h>

#include <thread>

#include "attestation/verify/testing/tdx_machine.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using testing::TdxMachine;

TEST(PckChainCache, GivesTheSameChainAgain) {
  const std::string pem = TdxMachine(4, false).PckChainPem();
  PckChainCache cache(2);
  ASSERT_OK_AND_ASSIGN(const auto first, cache.Read(pem));
  ASSERT_OK_AND_ASSIGN(const auto second, cache.Read(pem));
  EXPECT_EQ(first, second);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(PckChainCache, KeepsWhatWasUsedLast) {
  const TdxMachine machine(4, false);
  const std::string a = machine.PckChainPem();
  const std::string b = machine.PckChainPem();  // signed again, so that it differs
  const std::string c = machine.PckChainPem();
  PckChainCache cache(2);
  ASSERT_OK_AND_ASSIGN(const auto first, cache.Read(a));
  ASSERT_OK(cache.Read(b));
  ASSERT_OK(cache.Read(a));
  ASSERT_OK(cache.Read(c));
  EXPECT_EQ(cache.size(), 2u);
  ASSERT_OK_AND_ASSIGN(const auto again, cache.Read(a));
  EXPECT_EQ(first, again);
}

TEST(PckChainCache, KeepsNothingThatCannotBeRead) {
  PckChainCache cache(2);
  EXPECT_THAT(cache.Read("no chain"), HasFault("MALFORMED"));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(PckChainCache, ServesManyThreads) {
  const TdxMachine machine(4, false);
  std::vector<std::string> pems;
  for (int i = 0; i < 4; ++i) pems.push_back(machine.PckChainPem());
  PckChainCache cache(2);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) EXPECT_OK(cache.Read(pems[static_cast<size_t>(i) % 4]));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache.size(), 2u);
}

}  // namespace
}  // namespace kedge
