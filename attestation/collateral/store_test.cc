#include "attestation/collateral/store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "attestation/collateral/testing/fake_pcs.h"
#include "base/host/files.h"
#include "base/status_matchers.h"

namespace kedge::collateral {
namespace {

namespace fs = std::filesystem;
using testing::ConstantRandom;
using testing::FakeHttp;
using testing::ManualClock;

constexpr char kUrl[] = "https://host/doc";
const absl::Time kStart = absl::FromUnixSeconds(1'750'000'000);

// A document is "EDITION DAYS": its number, and the days since kStart of its issue; it holds for
// ten days. "forged" is not signed.
StatusOr<DocumentFacts> Check(const Document& document) {
  std::istringstream in{std::string(AsText(document.body))};
  int edition = 0;
  int days = 0;
  if (!(in >> edition >> days)) return Refused("BAD_SIGNATURE", "not signed");
  const absl::Time issued = kStart + absl::Hours(24 * days);
  return DocumentFacts{
      "subject", {static_cast<uint8_t>(edition)}, issued, issued + absl::Hours(240)};
}

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/collateral.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    options_.folder = folder_ / "cache";
    Serve("5 0");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Serve(const std::string& body, int status = 200) {
    http_.answers[kUrl] = {status, {}, ToBytes(body)};
  }
  // A new process with the same folder.
  StatusOr<Kept> Restarted() {
    return Store(options_, http_, clock_, random_).Get(kUrl, "", Check);
  }
  StatusOr<Kept> Get(Store& store) { return store.Get(kUrl, "", Check); }

  std::string BodyOf(const StatusOr<Kept>& kept) {
    return kept.ok() ? std::string(AsText(kept->document.body)) : MessageOf(kept.status());
  }
  // Changes one byte of the files that end so.
  void Tamper(const std::string& end) {
    for (const auto& entry : fs::directory_iterator(options_.folder)) {
      if (entry.path().extension() != end) continue;
      Bytes bytes = *ReadFileBounded(entry.path(), 1 << 20);
      bytes[bytes.size() / 2] ^= 1;
      ASSERT_OK(WriteFileAtomically(entry.path(), bytes, 0644));
    }
  }

  fs::path folder_;
  StoreOptions options_;
  FakeHttp http_;
  ManualClock clock_{kStart + absl::Hours(1)};
  ConstantRandom random_;
};

TEST_F(StoreTest, AsksOnceAndThenReadsTheDisk) {
  Store store(options_, http_, clock_, random_);
  EXPECT_EQ(BodyOf(Get(store)), "5 0");
  EXPECT_EQ(BodyOf(Get(store)), "5 0");
  EXPECT_EQ(BodyOf(Restarted()), "5 0");
  EXPECT_EQ(http_.asked(), 1);
  ASSERT_OK_AND_ASSIGN(const auto list, store.List());
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].url, kUrl);
}

TEST_F(StoreTest, WholeAddressIsTheKey) {
  Store store(options_, http_, clock_, random_);
  http_.answers[std::string(kUrl) + "?a=1"] = {200, {}, ToBytes("7 0")};
  EXPECT_EQ(BodyOf(Get(store)), "5 0");
  EXPECT_EQ(BodyOf(store.Get(std::string(kUrl) + "?a=1", "", Check)), "7 0");
}

TEST_F(StoreTest, ChangedFileIsFetchedAgain) {
  ASSERT_OK(Restarted());
  Tamper(".doc");
  EXPECT_EQ(BodyOf(Restarted()), "5 0");
  EXPECT_EQ(http_.asked(), 2);
}

// What is on the disk is verified as if it had just arrived: the folder is no authority.
TEST_F(StoreTest, ForgedFileWithAGoodDigestIsFetchedAgain) {
  ASSERT_OK(Restarted());
  for (const auto& entry : fs::directory_iterator(options_.folder)) {
    if (entry.path().extension() != ".doc") continue;
    const Document forged{kUrl, kStart, "", ToBytes("forged")};
    ASSERT_OK(WriteFileAtomically(entry.path(), EncodeDocument(forged), 0644));
  }
  EXPECT_EQ(BodyOf(Restarted()), "5 0");
  EXPECT_EQ(http_.asked(), 2);
}

TEST_F(StoreTest, RenewsBeforeTheEndAndLivesWithAFailure) {
  Store store(options_, http_, clock_, random_);
  ASSERT_OK(Get(store));
  clock_.Advance(absl::Hours(217));  // 23 hours before the end
  http_.unreachable = true;
  StatusOr<Kept> kept = Get(store);
  EXPECT_EQ(BodyOf(kept), "5 0");
  EXPECT_EQ(kept->renewal.code(), StatusCode::kUnavailable);
  http_.unreachable = false;
  Serve("5 9");
  clock_.Advance(absl::Minutes(1));
  kept = Get(store);
  EXPECT_EQ(BodyOf(kept), "5 9");
  EXPECT_OK(kept->renewal);
}

TEST_F(StoreTest, NothingExpiredOrFromTheFutureIsGiven) {
  Store store(options_, http_, clock_, random_);
  ASSERT_OK(Get(store));
  clock_.Advance(absl::Hours(250));
  EXPECT_THAT(Get(store), HasFault("COLLATERAL_STALE"));  // the service still has the old one
  clock_.Advance(absl::Hours(1));
  Serve("6 90");
  EXPECT_THAT(Get(store), HasFault("COLLATERAL_STALE"));
  // A refused edition leaves no mark behind.
  clock_.Advance(absl::Hours(1));
  Serve("5 10");
  EXPECT_EQ(BodyOf(Get(store)), "5 10");
}

TEST_F(StoreTest, NeverGoesBack) {
  Serve("5 0");
  ASSERT_OK(Restarted());
  Serve("4 1");  // newer date, lower number
  clock_.Advance(absl::Hours(220));
  StatusOr<Kept> kept = Restarted();
  EXPECT_EQ(BodyOf(kept), "5 0");
  EXPECT_THAT(kept->renewal, HasFault("COLLATERAL_ROLLBACK"));
  // Also where the newer document itself is gone: the mark remembers.
  for (const auto& entry : fs::directory_iterator(options_.folder)) {
    if (entry.path().extension() == ".doc") fs::remove(entry.path());
  }
  EXPECT_THAT(Restarted(), HasFault("COLLATERAL_ROLLBACK"));
  // And where somebody put the older document back.
  const Document older{kUrl, kStart, "", ToBytes("4 1")};
  ASSERT_OK(WriteFileAtomically(options_.folder + "/" + ToHex(Sha256(AsBytes(kUrl))) + ".doc",
                                EncodeDocument(older), 0644));
  EXPECT_THAT(Restarted(), HasFault("COLLATERAL_ROLLBACK"));
}

TEST_F(StoreTest, MarkThatWasChangedIsNotForgotten) {
  ASSERT_OK(Restarted());
  Tamper(".mark");
  EXPECT_THAT(Restarted(), HasFault("MALFORMED"));
}

TEST_F(StoreTest, WaitsLongerAfterEachFailure) {
  Store store(options_, http_, clock_, random_);
  http_.unreachable = true;
  EXPECT_EQ(Get(store).status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(Get(store), HasFault("COLLATERAL_BACKOFF"));
  EXPECT_EQ(http_.asked(), 1);
  absl::Duration wait = absl::Seconds(2);
  for (int i = 2; i < 14; ++i) {
    clock_.Advance(wait - absl::Milliseconds(10));
    EXPECT_THAT(Get(store), HasFault("COLLATERAL_BACKOFF")) << i;
    clock_.Advance(absl::Milliseconds(20));
    EXPECT_EQ(Get(store).status().code(), StatusCode::kUnavailable);
    EXPECT_EQ(http_.asked(), i);
    wait = std::min(2 * wait, options_.longest_backoff);
  }
  http_.unreachable = false;
  clock_.Advance(options_.longest_backoff);
  EXPECT_OK(Get(store));
}

TEST_F(StoreTest, KeepsToRetryAfter) {
  Store store(options_, http_, clock_, random_);
  http_.answers[kUrl] = {429, {{"retry-after", "600"}}, {}};
  EXPECT_THAT(Get(store), HasFault("COLLATERAL_THROTTLED"));
  Serve("5 0");
  clock_.Advance(absl::Seconds(599));
  EXPECT_THAT(Get(store), HasFault("COLLATERAL_BACKOFF"));
  clock_.Advance(absl::Seconds(2));
  EXPECT_OK(Get(store));
}

TEST_F(StoreTest, UnknownPlatformIsAnAnswer) {
  Store store(options_, http_, clock_, random_);
  Serve("", 404);
  EXPECT_THAT(Get(store), HasFault("COLLATERAL_UNKNOWN"));
  EXPECT_THAT(Get(store), HasFault("COLLATERAL_UNKNOWN"));
}

TEST_F(StoreTest, ForgedAnswerIsRefusedAndNotKept) {
  Store store(options_, http_, clock_, random_);
  Serve("forged");
  EXPECT_THAT(Get(store), HasFault("BAD_SIGNATURE"));
  EXPECT_FALSE(fs::exists(options_.folder));
}

TEST_F(StoreTest, MissingChainIsMalformed) {
  Store store(options_, http_, clock_, random_);
  EXPECT_THAT(store.Get(kUrl, "issuer-chain", Check), HasFault("MALFORMED"));
}

TEST_F(StoreTest, ManyCallersCauseOneRequest) {
  Store store(options_, http_, clock_, random_);
  constexpr int kCallers = 8;
  std::atomic<int> started = 0;
  // The first request is held until every caller has started, and then some: those that come late
  // find the file.
  http_.before = [&](const std::string&) {
    while (started < kCallers) std::this_thread::yield();
  };
  std::vector<std::thread> callers;
  std::atomic<int> good = 0;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      ++started;
      if (Get(store).ok()) ++good;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good, kCallers);
  EXPECT_EQ(http_.asked(), 1);
}

TEST_F(StoreTest, OfflineUsesWhatIsThereAndNothingElse) {
  options_.offline = true;
  EXPECT_THAT(Restarted(), HasFault("COLLATERAL_OFFLINE"));
  options_.offline = false;
  ASSERT_OK(Restarted());
  options_.offline = true;
  clock_.Advance(absl::Hours(230));
  EXPECT_EQ(BodyOf(Restarted()), "5 0");
  clock_.Advance(absl::Hours(20));
  EXPECT_THAT(Restarted(), HasFault("COLLATERAL_OFFLINE"));
  EXPECT_EQ(http_.asked(), 1);
}

}  // namespace
}  // namespace kedge::collateral
