#include "keyservice/store/attachable_store.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/status_matchers.h"
#include "keyservice/store/testing/memory_store.h"

namespace kedge {
namespace {

// Lets a test keep hold of a medium that a store owns, and makes it fail.
class Shared final : public Store {
 public:
  Shared(std::shared_ptr<Store> store, int writes_before_failure)
      : store_(std::move(store)), writes_left_(writes_before_failure) {}
  StatusOr<std::optional<StoredValue>> Get(std::string_view key) override {
    return store_->Get(key);
  }
  StatusOr<uint64_t> CompareAndSwap(std::string_view key, uint64_t expected,
                                    ByteView value) override {
    if (writes_left_-- <= 0) return MakeError(StatusCode::kUnavailable, "medium gone");
    return store_->CompareAndSwap(key, expected, value);
  }
  StatusOr<std::vector<std::string>> List(std::string_view prefix) override {
    return store_->List(prefix);
  }

 private:
  std::shared_ptr<Store> store_;
  int writes_left_;
};

using enum AttachableStore::IfFresh;

constexpr int kNever = 1000;

class AttachableStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> Medium(int writes_before_failure = kNever) {
    return std::make_unique<Shared>(medium_, writes_before_failure);
  }
  static std::string Value(Store& store, std::string_view key) {
    const auto value = store.Get(key);
    EXPECT_OK(value);
    return value.ok() && *value ? std::string(AsText((*value)->value)) : "(none)";
  }

  std::shared_ptr<testing::MemoryStore> medium_ = std::make_shared<testing::MemoryStore>();
  AttachableStore store_{std::make_unique<testing::MemoryStore>(), "latest"};
};

TEST_F(AttachableStoreTest, FillsAFreshMedium) {
  ASSERT_OK(store_.CompareAndSwap("latest", 0, AsBytes("t1")));
  ASSERT_OK(store_.CompareAndSwap("node/node-1", 0, AsBytes("n1")));
  EXPECT_FALSE(store_.attached());
  ASSERT_OK_AND_ASSIGN(const auto found, store_.Attach(Medium(), kFill));
  EXPECT_EQ(found, AttachableStore::Found::kFresh);
  EXPECT_TRUE(store_.attached());
  EXPECT_EQ(Value(*medium_, "latest"), "t1");
  EXPECT_EQ(Value(*medium_, "node/node-1"), "n1");
}

TEST_F(AttachableStoreTest, KeepsWhatAFilledMediumHas) {
  ASSERT_OK(medium_->CompareAndSwap("latest", 0, AsBytes("old")));
  ASSERT_OK(store_.CompareAndSwap("latest", 0, AsBytes("provisional")));
  ASSERT_OK(store_.CompareAndSwap("node/node-9", 0, AsBytes("provisional")));
  ASSERT_OK_AND_ASSIGN(const auto found, store_.Attach(Medium(), kFill));
  EXPECT_EQ(found, AttachableStore::Found::kFilled);
  EXPECT_EQ(Value(store_, "latest"), "old");
  EXPECT_EQ(Value(store_, "node/node-9"), "(none)");
}

// The copy stops before the commit key: the medium still counts as fresh and is filled again.
TEST_F(AttachableStoreTest, ACopyCutShortIsDoneAgain) {
  ASSERT_OK(store_.CompareAndSwap("latest", 0, AsBytes("t1")));
  ASSERT_OK(store_.CompareAndSwap("node/node-1", 0, AsBytes("n1")));
  ASSERT_OK(store_.CompareAndSwap("transition/1", 0, AsBytes("h1")));
  for (int writes = 0; writes < 3; ++writes) {
    EXPECT_THAT(store_.Attach(Medium(writes), kFill), HasCode(StatusCode::kUnavailable));
    EXPECT_FALSE(store_.attached());
    EXPECT_EQ(Value(*medium_, "latest"), "(none)") << writes;
  }
  ASSERT_OK_AND_ASSIGN(const auto found, store_.Attach(Medium(), kFill));
  EXPECT_EQ(found, AttachableStore::Found::kFresh);
  EXPECT_EQ(Value(*medium_, "latest"), "t1");
  EXPECT_EQ(Value(*medium_, "transition/1"), "h1");
}

// A revision read from the detached store must not fit another value of the medium by chance.
TEST_F(AttachableStoreTest, ADetachedRevisionDoesNotFitTheMedium) {
  ASSERT_OK(medium_->CompareAndSwap("latest", 0, AsBytes("old")));
  ASSERT_OK(medium_->CompareAndSwap("node/node-1", 0, AsBytes("theirs")));
  ASSERT_OK_AND_ASSIGN(const uint64_t revision,
                       store_.CompareAndSwap("node/node-1", 0, AsBytes("mine")));
  ASSERT_OK(store_.Attach(Medium(), kFill));
  EXPECT_THAT(store_.CompareAndSwap("node/node-1", revision, AsBytes("stale")),
              HasFault("REVISION_CONFLICT"));
  EXPECT_EQ(Value(store_, "node/node-1"), "theirs");
}

TEST_F(AttachableStoreTest, RefusesAFreshMediumWhereOneIsExpectedToBeFilled) {
  ASSERT_OK(store_.CompareAndSwap("latest", 0, AsBytes("provisional")));
  EXPECT_THAT(store_.Attach(Medium(), kRefuse), HasFault("STORE_FRESH"));
  EXPECT_FALSE(store_.attached());
  ASSERT_OK_AND_ASSIGN(const auto keys, medium_->List(""));
  EXPECT_TRUE(keys.empty());
  ASSERT_OK(medium_->CompareAndSwap("latest", 0, AsBytes("old")));
  EXPECT_OK(store_.Attach(Medium(), kRefuse));
}

TEST_F(AttachableStoreTest, AttachesOnce) {
  ASSERT_OK(store_.Attach(Medium(), kFill));
  EXPECT_THAT(store_.Attach(Medium(), kFill), HasCode(StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace kedge
