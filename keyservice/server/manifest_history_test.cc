#include "keyservice/server/manifest_history.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>

#include "base/status_matchers.h"
#include "keyservice/core/testing/test_cluster.h"
#include "keyservice/server/cluster_records.h"
#include "keyservice/store/testing/memory_store.h"
#include "proto/wire/manifest.h"
#include "proto/wire/testing/terms.h"

namespace kedge::keyservice {
namespace {

using kedge::testing::MemoryStore;
using kedge::testing::TestManifestTerms;
using kedge::testing::TestOwnerKey;
using kedge::testing::TestTpmRootPem;
using ::testing::AnyOf;

constexpr int kWritesOfAStep = 4;  // manifest, approvals, transition, latest

const SigningKey& Transaction() {
  static const SigningKey key = SigningKey::Generate(Curve::kP384).value();
  return key;
}
const SigningKey& Stranger() {
  static const SigningKey key = SigningKey::Generate(Curve::kP384).value();
  return key;
}

Manifest ManifestOf(uint64_t generation, const std::string& variant) {
  ManifestTerms terms = TestManifestTerms(TestTpmRootPem());
  terms.generation = generation;
  terms.images[0].image_version = variant;
  return wire::ParseManifest(AsBytes(wire::PrintManifest(terms).value())).value();
}

// The medium beneath a coordinator: the power may go at a write, before or after it took effect,
// and somebody else may write in between.
class Medium final : public Store {
 public:
  explicit Medium(Store& values) : values_(values) {}

  void CrashAt(int write, bool takes_effect) {
    crash_at_ = write;
    takes_effect_ = takes_effect;
  }
  // Called once, before the write of this number.
  void Before(int write, std::function<void()> call) {
    hook_at_ = write;
    hook_ = std::move(call);
  }

  StatusOr<std::optional<StoredValue>> Get(std::string_view key) override {
    RETURN_IF_ERROR(Power());
    return values_.Get(key);
  }
  StatusOr<std::vector<std::string>> List(std::string_view prefix) override {
    RETURN_IF_ERROR(Power());
    return values_.List(prefix);
  }
  StatusOr<uint64_t> CompareAndSwap(std::string_view key, uint64_t expected,
                                    ByteView value) override {
    RETURN_IF_ERROR(Power());
    const int write = writes_++;
    if (write == hook_at_) std::exchange(hook_, nullptr)();
    if (write == crash_at_) {
      if (takes_effect_) values_.CompareAndSwap(key, expected, value).status().IgnoreError();
      off_ = true;
      return Power();
    }
    return values_.CompareAndSwap(key, expected, value);
  }

 private:
  Status Power() const {
    return off_ ? MakeError(StatusCode::kUnavailable, "power cut") : absl::OkStatus();
  }

  Store& values_;
  int writes_ = 0;
  int crash_at_ = -1;
  bool takes_effect_ = false;
  int hook_at_ = -1;
  std::function<void()> hook_;
  bool off_ = false;
};

using Snapshot = std::map<std::string, Bytes>;
Snapshot CopyOf(Store& store) {
  Snapshot copy;
  const std::vector<std::string> keys = store.List("").value();
  for (const std::string& key : keys) {
    copy[key] = store.Get(key).value()->value;
  }
  return copy;
}
std::unique_ptr<MemoryStore> StoreOf(const Snapshot& snapshot) {
  auto store = std::make_unique<MemoryStore>();
  for (const auto& [key, value] : snapshot) EXPECT_OK(store->CompareAndSwap(key, 0, value));
  return store;
}

std::vector<OwnerProof> ApprovedBy(const SigningKey& owner, const StoredHistory& seen,
                                   const Manifest& next) {
  return {ApproveUpdate(TransitionHash(seen.transitions.back()), next, owner).value()};
}

StatusOr<StoredHistory> Open(Store& store, const std::optional<Transition>& floor) {
  ASSIGN_OR_RETURN(std::optional<StoredHistory> history, ReadHistory(store, HistoryExtent::kWhole));
  if (!history) return MakeError(StatusCode::kNotFound, "no history");
  RETURN_IF_ERROR(AcceptHistory(*history, Transaction().public_key(), floor));
  return *std::move(history);
}

class ManifestHistoryTest : public ::testing::Test {
 protected:
  ManifestHistoryTest() : store_(std::make_unique<MemoryStore>()) {
    const Manifest first = ManifestOf(1, "first");
    ClusterRecord record;
    record.salt = Bytes(32, 1);
    record.ca_certificate_pem = "(ca)";
    record.receipt.latest = SignTransition(1, first.digest(), {}, Transaction()).value();
    record.receipt.service_key_spki = Bytes(1);
    record.receipt.coordinator_id = Bytes(1);
    record.receipt.signature = Bytes(1);
    EXPECT_OK(SaveCluster(*store_, record, first));
  }
  StoredHistory Now() { return Open(*store_, std::nullopt).value(); }
  StatusOr<StoredHistory> Advance(Store& store, const StoredHistory& seen, const Manifest& next) {
    return AdvanceHistory(store, seen, next, ApprovedBy(TestOwnerKey(), seen, next), Transaction());
  }
  void Grow(uint64_t generation) {
    const StoredHistory seen = Now();
    ASSERT_OK(Advance(*store_, seen, ManifestOf(generation, absl::StrCat("v", generation))));
  }

  std::unique_ptr<MemoryStore> store_;
};

TEST_F(ManifestHistoryTest, AStoreWithoutACommitHasNoHistory) {
  MemoryStore empty;
  ASSERT_OK_AND_ASSIGN(const auto history, ReadHistory(empty, HistoryExtent::kWhole));
  EXPECT_FALSE(history.has_value());
}

TEST_F(ManifestHistoryTest, GrowsStepByStepAndReadsBackWhole) {
  Grow(2);
  Grow(3);
  const StoredHistory history = Now();
  ASSERT_EQ(history.transitions.size(), 3U);
  EXPECT_EQ(history.manifest.digest(), ManifestOf(3, "v3").digest());
  EXPECT_EQ(history.transitions[1].manifest_digest, ManifestOf(2, "v2").digest());
  ASSERT_OK_AND_ASSIGN(const auto latest, ReadHistory(*store_, HistoryExtent::kLatestOnly));
  EXPECT_EQ(latest->transitions.size(), 1U);
}

// What a service of the first release has written: the step is named by its number alone.
TEST_F(ManifestHistoryTest, AStepUnderItsOldNameIsRead) {
  Snapshot values = CopyOf(*store_);
  const auto step = values.lower_bound("transition/");
  values["transition/00000000000000000001"] = step->second;
  values.erase(step);
  store_ = StoreOf(values);
  EXPECT_EQ(Now().transitions.size(), 1U);
  Grow(2);
  EXPECT_EQ(Now().transitions.size(), 2U);
}

TEST_F(ManifestHistoryTest, OnlyOwnersOfTheManifestInForceAdvanceIt) {
  const StoredHistory seen = Now();
  const Manifest next = ManifestOf(2, "next");
  const Snapshot before = CopyOf(*store_);
  const auto advance = [&](const Manifest& manifest, const std::vector<OwnerProof>& approvals) {
    return AdvanceHistory(*store_, seen, manifest, approvals, Transaction()).status();
  };
  EXPECT_THAT(advance(next, {}), HasFault("APPROVAL_MISSING"));
  EXPECT_THAT(advance(next, ApprovedBy(Stranger(), seen, next)), HasFault("NOT_OWNER"));
  const Manifest other = ManifestOf(2, "other");
  EXPECT_THAT(advance(next, ApprovedBy(TestOwnerKey(), seen, other)), HasFault("NOT_OWNER"));
  const Manifest later = ManifestOf(3, "later");
  EXPECT_THAT(advance(later, ApprovedBy(TestOwnerKey(), seen, later)), HasFault("UPDATE_NOT_NEXT"));
  EXPECT_EQ(CopyOf(*store_), before) << "nothing was written";
  EXPECT_OK(advance(next, ApprovedBy(TestOwnerKey(), seen, next)));
  // The approval was for that step, not for going there again.
  const StoredHistory after = Now();
  EXPECT_THAT(
      AdvanceHistory(*store_, after, next, ApprovedBy(TestOwnerKey(), seen, next), Transaction()),
      HasFault("UPDATE_NOT_NEXT"));
}

TEST_F(ManifestHistoryTest, CutOffAtEveryWriteTheOldOrTheNewOneIsThereWhole) {
  Grow(2);
  const Snapshot before = CopyOf(*store_);
  for (int write = 0; write < kWritesOfAStep; ++write) {
    for (const bool takes_effect : {false, true}) {
      store_ = StoreOf(before);
      const StoredHistory seen = Now();
      Medium medium(*store_);
      medium.CrashAt(write, takes_effect);
      const Manifest next = ManifestOf(3, "next");
      EXPECT_THAT(Advance(medium, seen, next), HasCode(StatusCode::kUnavailable));
      const bool committed = write == kWritesOfAStep - 1 && takes_effect;
      ASSERT_OK_AND_ASSIGN(const StoredHistory found, Open(*store_, seen.transitions.back()));
      EXPECT_EQ(found.transitions.size(), committed ? 3U : 2U) << write << takes_effect;
      // Whatever was left behind, the next try goes through, the same manifest or another one.
      for (const char* variant : {"next", "instead"}) {
        std::unique_ptr<MemoryStore> copy = StoreOf(CopyOf(*store_));
        const StoredHistory again = Open(*copy, std::nullopt).value();
        const uint64_t generation = again.manifest.generation() + 1;
        EXPECT_OK(Advance(*copy, again, ManifestOf(generation, variant)));
        EXPECT_OK(Open(*copy, again.transitions.back()));
      }
    }
  }
  // There is no further write to be cut off at.
  store_ = StoreOf(before);
  Medium medium(*store_);
  medium.CrashAt(kWritesOfAStep, false);
  EXPECT_OK(Advance(medium, Now(), ManifestOf(3, "next")));
}

// Another coordinator does its whole step between any two writes of ours: exactly one counts.
TEST_F(ManifestHistoryTest, OfTwoWritersExactlyOneWins) {
  const Snapshot before = CopyOf(*store_);
  for (const char* variant : {"theirs", "ours"}) {  // another manifest, and the very same
    for (int write = 0; write < kWritesOfAStep; ++write) {
      store_ = StoreOf(before);
      const StoredHistory seen = Now();
      Medium medium(*store_);
      medium.Before(write, [&] { ASSERT_OK(Advance(*store_, seen, ManifestOf(2, variant))); });
      EXPECT_THAT(Advance(medium, seen, ManifestOf(2, "ours")), HasFault("REVISION_CONFLICT"));
      const StoredHistory found = Now();
      EXPECT_EQ(found.manifest.digest(), ManifestOf(2, variant).digest()) << write;
      Grow(3);
    }
  }
}

TEST_F(ManifestHistoryTest, AnOlderHistoryIsARollbackAndAnotherOneAFork) {
  Grow(2);
  const Snapshot old = CopyOf(*store_);
  Grow(3);
  const Transition floor = Now().transitions.back();
  EXPECT_OK(Open(*store_, floor));
  EXPECT_THAT(Open(*StoreOf(old), floor), HasFault("ROLLBACK_DETECTED"));
  auto forked = StoreOf(old);
  const StoredHistory seen = Open(*forked, std::nullopt).value();
  ASSERT_OK(Advance(*forked, seen, ManifestOf(3, "fork")));
  EXPECT_THAT(Open(*forked, floor), HasFault("HISTORY_FORKED"));
}

// The whole service's view: its own record knows of a newer step.
TEST_F(ManifestHistoryTest, AHistoryBehindTheClustersOwnRecordIsARollback) {
  const Bytes older = CopyOf(*store_)["latest"];
  Grow(2);
  Snapshot values = CopyOf(*store_);
  ClusterRecord record = ParseClusterRecord(values["cluster"]).value();
  record.receipt.latest = Now().transitions.back();
  values["cluster"] = ToBytes(PrintClusterRecord(record).value());
  EXPECT_OK(LoadCluster(*StoreOf(values)));
  values["latest"] = older;
  EXPECT_THAT(LoadCluster(*StoreOf(values)), HasFault("ROLLBACK_DETECTED"));
}

// Every value that the history is made of, changed, swapped or gone.
TEST_F(ManifestHistoryTest, NoChangedValueIsTaken) {
  Grow(2);
  Grow(3);
  const Snapshot good = CopyOf(*store_);
  const auto refused = [](const Snapshot& values, const std::string& what) {
    const Status status = Open(*StoreOf(values), std::nullopt).status();
    EXPECT_THAT(FaultCode(status), AnyOf("STORE_CORRUPT", "HISTORY_NOT_AUTHENTIC", "NOT_OWNER",
                                         "NOT_FOUND", "APPROVAL_MISSING"))
        << what << status;
    EXPECT_FALSE(status.ok()) << what;
  };
  int changed = 0;
  for (const auto& [key, value] : good) {
    if (key == "cluster") continue;
    ++changed;
    Snapshot values = good;
    values.erase(key);
    refused(values, "gone " + key);
    for (const size_t at : {size_t{0}, value.size() / 2, value.size() - 2}) {
      values = good;
      values[key][at] = static_cast<uint8_t>(values[key][at] ^ 1);
      refused(values, absl::StrCat("changed ", key, " at ", at));
    }
    const std::string kind = key.substr(0, key.find('/') + 1);
    for (const auto& [other, other_value] : good) {
      if (kind.empty() || other == key || !other.starts_with(kind)) continue;
      values = good;
      values[key] = other_value;
      refused(values, absl::StrCat(other, " in the place of ", key));
    }
  }
  EXPECT_EQ(changed, 3 + 3 + 2 + 1);
}

// A coordinator with another seed signs a history of its own.
TEST_F(ManifestHistoryTest, AHistoryOfAnotherSeedIsNotAuthentic) {
  const StoredHistory seen = Now();
  const Manifest next = ManifestOf(2, "next");
  ASSERT_OK(
      AdvanceHistory(*store_, seen, next, ApprovedBy(TestOwnerKey(), seen, next), Stranger()));
  EXPECT_THAT(Open(*store_, std::nullopt), HasFault("HISTORY_NOT_AUTHENTIC"));
}

// One that holds the seed but no owner's signature gets nowhere either.
TEST_F(ManifestHistoryTest, TheSeedAloneMakesNoStep) {
  const StoredHistory seen = Now();
  const Manifest next = ManifestOf(2, "next");
  const Transition step =
      SignTransition(2, next.digest(), TransitionHash(seen.transitions.back()), Transaction())
          .value();
  for (const auto& approvals : {std::vector<OwnerProof>{}, ApprovedBy(Stranger(), seen, next)}) {
    auto copy = StoreOf(CopyOf(*store_));
    ASSERT_OK(WriteFirstStep(*copy, step, next));
    if (!approvals.empty()) {
      const std::string key =
          absl::StrCat("approvals/00000000000000000002-", ToHex(TransitionHash(step)));
      ASSERT_OK(Overwrite(*copy, key, PrintApprovals(approvals)));
    }
    ASSERT_OK(Overwrite(*copy, kCommitKey, AsBytes(PrintTransition(step).value())));
    EXPECT_THAT(Open(*copy, std::nullopt),
                HasFault(approvals.empty() ? "STORE_CORRUPT" : "NOT_OWNER"));
  }
}

// ---- random lives ----

// Set, crash, recover, roll back, tamper and race in any order. Two things must hold after each:
// what is accepted was signed by owners, step by step; and what was acknowledged is in it.
class RandomLife {
 public:
  RandomLife(unsigned seed, std::unique_ptr<MemoryStore> store, StoredHistory first)
      : random_(seed), store_(std::move(store)), seen_(std::move(first)) {
    approved_.insert(seen_.manifest.digest());
    acknowledged_ = seen_.transitions.back();
    snapshots_.push_back(CopyOf(*store_));
  }

  void Step() {
    switch (Draw(6)) {
      case 0:
      case 1:
        return Set();
      case 2:
        return SetWithoutOwner();
      case 3:
        return Race();
      case 4:
        return PutBackAnOlderStore();
      default:
        return Tamper();
    }
  }
  int acknowledged() const { return count_; }

 private:
  int Draw(int below) { return std::uniform_int_distribution<>(0, below - 1)(random_); }

  Manifest Next() {
    Manifest next = ManifestOf(seen_.manifest.generation() + 1, absl::StrCat("r", Draw(1 << 30)));
    return next;
  }

  StatusOr<StoredHistory> Try(Store& store, const Manifest& next) {
    approved_.insert(next.digest());
    return AdvanceHistory(store, seen_, next, ApprovedBy(TestOwnerKey(), seen_, next),
                          Transaction());
  }

  void Acknowledge(const StoredHistory& history) {
    acknowledged_ = history.transitions.back();
    ++count_;
    snapshots_.push_back(CopyOf(*store_));
  }

  // A coordinator starts and takes what is there.
  void Recover() {
    const StatusOr<StoredHistory> found = Open(*store_, acknowledged_);
    ASSERT_OK(found.status());
    CheckAccepted(*found);
    seen_ = *found;
    if (seen_.transitions.back() != acknowledged_) Acknowledge(seen_);
  }

  void CheckAccepted(const StoredHistory& history) {
    for (const Transition& step : history.transitions) {
      EXPECT_TRUE(approved_.contains(step.manifest_digest)) << "no owner signed this";
    }
    const bool kept = std::any_of(history.transitions.begin(), history.transitions.end(),
                                  [this](const Transition& step) {
                                    return TransitionHash(step) == TransitionHash(acknowledged_);
                                  });
    EXPECT_TRUE(kept) << "an acknowledged step is lost";
  }

  void Set() {
    Medium medium(*store_);
    if (Draw(2) == 0) medium.CrashAt(Draw(kWritesOfAStep), Draw(2) == 0);
    const StatusOr<StoredHistory> made = Try(medium, Next());
    if (made.ok()) Acknowledge(*made);
    Recover();
  }

  void SetWithoutOwner() {
    const Manifest next = Next();
    const auto approvals =
        Draw(2) == 0 ? std::vector<OwnerProof>{} : ApprovedBy(Stranger(), seen_, next);
    EXPECT_FALSE(AdvanceHistory(*store_, seen_, next, approvals, Transaction()).ok());
    Recover();
  }

  void Race() {
    const StoredHistory before = seen_;
    Medium medium(*store_);
    StatusOr<StoredHistory> theirs = Internal("not tried");
    medium.Before(Draw(kWritesOfAStep), [&] { theirs = Try(*store_, Next()); });
    EXPECT_THAT(Try(medium, Next()), HasFault("REVISION_CONFLICT"));
    ASSERT_OK(theirs.status());
    Acknowledge(*theirs);
    Recover();
  }

  void PutBackAnOlderStore() {
    const Snapshot& old =
        snapshots_[static_cast<size_t>(Draw(static_cast<int>(snapshots_.size())))];
    const StatusOr<StoredHistory> found = Open(*StoreOf(old), acknowledged_);
    if (found.ok()) {
      CheckAccepted(*found);
    } else {
      EXPECT_THAT(found, HasFault("ROLLBACK_DETECTED"));
    }
  }

  void Tamper() {
    Snapshot values = CopyOf(*store_);
    auto victim = std::next(values.begin(), Draw(static_cast<int>(values.size())));
    if (Draw(3) == 0) {
      values.erase(victim);
    } else if (Draw(2) == 0) {
      const auto other = std::next(values.begin(), Draw(static_cast<int>(values.size())));
      std::swap(victim->second, other->second);
    } else {
      Bytes& value = victim->second;
      const auto at = static_cast<size_t>(Draw(static_cast<int>(value.size())));
      value[at] = static_cast<uint8_t>(value[at] ^ (1 << Draw(8)));
    }
    // Refused; or what was changed was no part of the history.
    const StatusOr<StoredHistory> found = Open(*StoreOf(values), acknowledged_);
    if (found.ok()) CheckAccepted(*found);
  }

  std::mt19937 random_;
  std::unique_ptr<MemoryStore> store_;
  StoredHistory seen_;
  std::set<Sha256Digest> approved_;
  Transition acknowledged_;
  int count_ = 0;
  std::vector<Snapshot> snapshots_;
};

TEST_F(ManifestHistoryTest, NoInterleavingAcceptsTheUnsignedOrLosesTheAcknowledged) {
  const Snapshot first = CopyOf(*store_);
  int acknowledged = 0;
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    auto store = StoreOf(first);
    StoredHistory seen = Open(*store, std::nullopt).value();
    RandomLife life(seed, std::move(store), std::move(seen));
    for (int i = 0; i < 12 && !HasFatalFailure(); ++i) life.Step();
    acknowledged += life.acknowledged();
  }
  EXPECT_GT(acknowledged, 100) << "lives in which hardly anything happens show nothing";
}

}  // namespace
}  // namespace kedge::keyservice
