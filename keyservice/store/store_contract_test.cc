// What every Store promises, run over each of them.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/status_matchers.h"
#include "keyservice/store/attachable_store.h"
#include "keyservice/store/directory_store.h"
#include "keyservice/store/testing/memory_store.h"
#include "keyservice/store/testing/temporary_directory.h"

namespace kedge {
namespace {

struct Subject {
  std::string name;
  std::function<std::unique_ptr<Store>(const testing::TemporaryDirectory&)> make;
  friend void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }
};

std::unique_ptr<Store> OpenDirectory(const testing::TemporaryDirectory& where,
                                     const std::string& name) {
  auto store = DirectoryStore::Open(where.path() + "/" + name);
  EXPECT_OK(store);
  return *std::move(store);
}

std::unique_ptr<Store> MakeAttached(const testing::TemporaryDirectory& where) {
  auto store =
      std::make_unique<AttachableStore>(std::make_unique<testing::MemoryStore>(), "latest");
  EXPECT_OK(store->Attach(OpenDirectory(where, "medium"), AttachableStore::IfFresh::kFill));
  return store;
}

class StoreContractTest : public ::testing::TestWithParam<Subject> {
 protected:
  StoreContractTest() : store_(GetParam().make(directory_)) {}
  Store& store() { return *store_; }

  uint64_t Put(std::string_view key, uint64_t expected, std::string_view value) {
    const auto revision = store().CompareAndSwap(key, expected, AsBytes(value));
    EXPECT_OK(revision);
    return revision.ok() ? *revision : 0;
  }
  std::string Value(std::string_view key) {
    const auto value = store().Get(key);
    EXPECT_OK(value);
    if (!value.ok() || !*value) return "(none)";
    return std::string(AsText((*value)->value));
  }

 private:
  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreContractTest, AnUnknownKeyIsNotAnError) {
  ASSERT_OK_AND_ASSIGN(const auto value, store().Get("node/node-1"));
  EXPECT_FALSE(value.has_value());
}

TEST_P(StoreContractTest, GivesBackWhatWasWrittenWithItsRevision) {
  const uint64_t revision = Put("node/node-1", 0, "one");
  EXPECT_GE(revision, 1u);
  ASSERT_OK_AND_ASSIGN(const auto value, store().Get("node/node-1"));
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->revision, revision);
  EXPECT_EQ(AsText(value->value), "one");
  const uint64_t next = Put("node/node-1", revision, "two");
  EXPECT_GT(next, revision);
  EXPECT_EQ(Value("node/node-1"), "two");
}

TEST_P(StoreContractTest, AnEmptyValueIsAValue) {
  Put("empty", 0, "");
  EXPECT_EQ(Value("empty"), "");
}

TEST_P(StoreContractTest, CreateFailsWhereTheKeyExists) {
  Put("a", 0, "one");
  EXPECT_THAT(store().CompareAndSwap("a", 0, AsBytes("two")), HasFault("REVISION_CONFLICT"));
  EXPECT_EQ(Value("a"), "one");
}

TEST_P(StoreContractTest, SwapFailsOnAStaleOrInventedRevision) {
  const uint64_t first = Put("a", 0, "one");
  const uint64_t second = Put("a", first, "two");
  EXPECT_THAT(store().CompareAndSwap("a", first, AsBytes("x")), HasFault("REVISION_CONFLICT"));
  EXPECT_THAT(store().CompareAndSwap("a", second + 1, AsBytes("x")), HasFault("REVISION_CONFLICT"));
  EXPECT_THAT(store().CompareAndSwap("b", 1, AsBytes("x")), HasFault("REVISION_CONFLICT"));
  EXPECT_EQ(Value("a"), "two");
  EXPECT_EQ(Value("b"), "(none)");
}

TEST_P(StoreContractTest, ListsByPrefixSorted) {
  for (const char* key : {"node/b", "node/a", "nodes", "transition/1", "node/a.b-c"})
    Put(key, 0, "v");
  EXPECT_THAT(
      store().List("node/"), ::testing::Truly([](const auto& keys) {
        return keys.ok() && *keys == std::vector<std::string>{"node/a", "node/a.b-c", "node/b"};
      }));
  ASSERT_OK_AND_ASSIGN(const auto all, store().List(""));
  EXPECT_EQ(all.size(), 5u);
  ASSERT_OK_AND_ASSIGN(const auto none, store().List("x"));
  EXPECT_TRUE(none.empty());
}

TEST_P(StoreContractTest, RefusesKeysThatAreNotKeys) {
  for (const char* key : {"", "/", "a/", "/a", "a//b", "../a", "a/..", ".a", "-a", "A", "a@b",
                          "a b", "a/b/c/d/e", "a\n", "\xc3\xa4"}) {
    SCOPED_TRACE(key);
    EXPECT_THAT(store().Get(key), HasFault("STORE_KEY"));
    EXPECT_THAT(store().CompareAndSwap(key, 0, {}), HasFault("STORE_KEY"));
  }
  EXPECT_THAT(store().Get(std::string(129, 'a')), HasFault("STORE_KEY"));
  EXPECT_THAT(store().Get(std::string_view("a\0b", 3)), HasFault("STORE_KEY"));
  EXPECT_OK(store().Get(std::string(128, 'a')));
}

TEST_P(StoreContractTest, TakesValuesUpToTheLimit) {
  Put("big", 0, std::string(kMaxStoredValue, 'x'));
  EXPECT_EQ(Value("big").size(), kMaxStoredValue);
  EXPECT_THAT(store().CompareAndSwap("bigger", 0, Bytes(kMaxStoredValue + 1)),
              HasCode(StatusCode::kInvalidArgument));
}

// Every increment is a read and a swap: none may be lost, whoever wins.
TEST_P(StoreContractTest, ConcurrentSwapsLoseNothing) {
  Put("counter", 0, std::string(1, '\0'));
  constexpr int kThreads = 4;
  constexpr int kIncrements = 10;
  std::atomic<int> conflicts = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int done = 0; done < kIncrements;) {
        const auto value = store().Get("counter");
        ASSERT_TRUE(value.ok() && value->has_value());
        Bytes next = (*value)->value;
        ++next[0];
        if (store().CompareAndSwap("counter", (*value)->revision, next).ok()) {
          ++done;
        } else {
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Value("counter")[0], kThreads * kIncrements) << conflicts << " conflicts";
}

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreContractTest,
    ::testing::Values(
        Subject{"Memory", [](const auto&) { return std::make_unique<testing::MemoryStore>(); }},
        Subject{"Directory", [](const auto& where) { return OpenDirectory(where, "store"); }},
        Subject{"Detached",
                [](const auto& where) {
                  return std::make_unique<AttachableStore>(OpenDirectory(where, "run"), "latest");
                }},
        Subject{"Attached", MakeAttached}),
    [](const auto& subject) { return subject.param.name; });

}  // namespace
}  // namespace kedge
