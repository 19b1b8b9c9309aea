#include "keyservice/store/directory_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>

#include "base/status_matchers.h"
#include "keyservice/store/stored_file.h"
#include "keyservice/store/testing/temporary_directory.h"

namespace kedge {
namespace {

class DirectoryStoreTest : public ::testing::Test {
 protected:
  std::string Path() const { return directory_.path() + "/store"; }
  std::string File(const std::string& name) const { return Path() + "/" + name; }
  StatusOr<std::unique_ptr<DirectoryStore>> Open() const { return DirectoryStore::Open(Path()); }

  testing::TemporaryDirectory directory_;
};

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

TEST_F(DirectoryStoreTest, KeepsValuesAcrossOpens) {
  {
    ASSERT_OK_AND_ASSIGN(const auto store, Open());
    ASSERT_OK(store->CompareAndSwap("node/node-1", 0, AsBytes("one")));
    ASSERT_OK(store->CompareAndSwap("node/node-1", 1, AsBytes("two")));
  }
  ASSERT_OK_AND_ASSIGN(const auto store, Open());
  ASSERT_OK_AND_ASSIGN(const auto value, store->Get("node/node-1"));
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(AsText(value->value), "two");
  EXPECT_EQ(value->revision, 2u);
}

TEST_F(DirectoryStoreTest, ADirectoryAndItsFilesAreForTheirOwnerOnly) {
  ASSERT_OK_AND_ASSIGN(const auto store, Open());
  ASSERT_OK(store->CompareAndSwap("a", 0, AsBytes("x")));
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat(File("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(DirectoryStoreTest, HasOneHolder) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(Open(), HasFault("STORE_LOCKED"));
  store.reset();
  EXPECT_OK(Open());
}

TEST_F(DirectoryStoreTest, RefusesADirectoryThatOthersCanChange) {
  ASSERT_EQ(mkdir(Path().c_str(), 0700), 0);
  ASSERT_EQ(chmod(Path().c_str(), 0770), 0);
  EXPECT_THAT(Open(), HasFault("STORE_UNSAFE"));
  ASSERT_EQ(chmod(Path().c_str(), 0702), 0);
  EXPECT_THAT(Open(), HasFault("STORE_UNSAFE"));
}

TEST_F(DirectoryStoreTest, FollowsNoSymbolicLink) {
  const std::string elsewhere = directory_.path() + "/elsewhere";
  ASSERT_EQ(mkdir(elsewhere.c_str(), 0700), 0);
  ASSERT_EQ(symlink(elsewhere.c_str(), Path().c_str()), 0);
  EXPECT_THAT(Open(), HasFault("STORE_UNSAFE"));
  ASSERT_EQ(unlink(Path().c_str()), 0);

  ASSERT_OK_AND_ASSIGN(const auto store, Open());
  const std::string target = directory_.path() + "/target";
  const Bytes genuine = EncodeStoredFile("a", {.value = ToBytes("planted"), .revision = 1});
  WriteFile(target, std::string(AsText(genuine)));
  ASSERT_EQ(symlink(target.c_str(), File("a").c_str()), 0);
  EXPECT_THAT(store->Get("a"), HasFault("STORE_UNSAFE"));
  EXPECT_THAT(store->CompareAndSwap("a", 1, AsBytes("x")), HasFault("STORE_UNSAFE"));
}

TEST_F(DirectoryStoreTest, APipeInAFilesPlaceIsRefusedAtOnce) {
  ASSERT_OK_AND_ASSIGN(const auto store, Open());
  ASSERT_EQ(mkfifo(File("a").c_str(), 0600), 0);
  EXPECT_THAT(store->Get("a"), HasFault("STORE_UNSAFE"));
}

TEST_F(DirectoryStoreTest, DamageIsNamed) {
  ASSERT_OK_AND_ASSIGN(const auto store, Open());
  const Bytes good = EncodeStoredFile("a", {.value = ToBytes("value"), .revision = 3});
  WriteFile(File("a"), std::string(AsText(good)));
  ASSERT_OK(store->Get("a"));
  for (size_t i = 0; i < good.size(); ++i) {
    Bytes flipped = good;
    flipped[i] ^= 1;
    WriteFile(File("a"), std::string(AsText(flipped)));
    EXPECT_THAT(store->Get("a"), HasFault("STORE_CORRUPT")) << "byte " << i;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    WriteFile(File("a"), std::string(AsText(good)).substr(0, size));
    EXPECT_THAT(store->Get("a"), HasFault("STORE_CORRUPT")) << "size " << size;
  }
  WriteFile(File("a"), std::string(AsText(good)) + "x");
  EXPECT_THAT(store->Get("a"), HasFault("STORE_CORRUPT"));
  WriteFile(File("a"), std::string(kMaxStoredFile + 10, 'x'));
  EXPECT_THAT(store->Get("a"), HasFault("STORE_CORRUPT"));
  // Another key's file under this name.
  WriteFile(File("b"), std::string(AsText(good)));
  EXPECT_THAT(store->Get("b"), HasFault("STORE_CORRUPT"));
}

TEST_F(DirectoryStoreTest, LeftoversAreRemovedAndForeignFilesLeftAlone) {
  { ASSERT_OK(Open()); }
  WriteFile(File(".new-1-0"), "half");
  WriteFile(File("README.txt"), "not a key: upper case");
  ASSERT_OK_AND_ASSIGN(const auto store, Open());
  EXPECT_NE(access(File(".new-1-0").c_str(), F_OK), 0);
  EXPECT_EQ(access(File("README.txt").c_str(), F_OK), 0);
  ASSERT_OK_AND_ASSIGN(const auto keys, store->List(""));
  EXPECT_TRUE(keys.empty());
}

// ---- A writer killed at any moment --------------------------------------------------------------

Bytes NthValue(uint32_t n) {
  Bytes value(20'000 + n % 977, static_cast<uint8_t>(n));
  value[0] = static_cast<uint8_t>(n >> 16);
  value[1] = static_cast<uint8_t>(n >> 8);
  return value;
}
uint32_t NumberOf(const Bytes& value) {
  return static_cast<uint32_t>(value[0]) << 16 | static_cast<uint32_t>(value[1]) << 8 | value[2];
}

// Counts up in the key until it is killed, and acknowledges each value that it was told is safe.
[[noreturn]] void WriteForever(const std::string& path, int acknowledge) {
  auto store = DirectoryStore::Open(path);
  if (!store.ok()) _exit(2);
  const auto start = (*store)->Get("counter");
  if (!start.ok()) _exit(3);
  uint64_t revision = *start ? (*start)->revision : 0;
  for (uint32_t n = *start ? NumberOf((*start)->value) + 1 : 0;; ++n) {
    const auto written = (*store)->CompareAndSwap("counter", revision, NthValue(n));
    if (!written.ok()) _exit(4);
    revision = *written;
    if (write(acknowledge, &n, sizeof(n)) != sizeof(n)) _exit(5);
  }
}

TEST_F(DirectoryStoreTest, AKilledWriterLeavesTheOldValueOrTheNew) {
  std::minstd_rand random(20260717);
  uint32_t total = 0;
  for (int round = 0; round < 25; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) WriteForever(Path(), pipe_ends[1]);
    close(pipe_ends[1]);
    // Waits for a first acknowledgement, so that a slow start is no empty round; then a random
    // time.
    std::optional<uint32_t> acknowledged;
    uint32_t n = 0;
    ASSERT_EQ(read(pipe_ends[0], &n, sizeof(n)), static_cast<ssize_t>(sizeof(n)));
    acknowledged = n;
    usleep(std::uniform_int_distribution<useconds_t>(0, 20'000)(random));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed with " << WEXITSTATUS(status);
    while (read(pipe_ends[0], &n, sizeof(n)) == static_cast<ssize_t>(sizeof(n))) acknowledged = n;
    close(pipe_ends[0]);

    ASSERT_OK_AND_ASSIGN(const auto store, Open());
    ASSERT_OK_AND_ASSIGN(const auto value, store->Get("counter"));
    ASSERT_TRUE(value.has_value());
    total = NumberOf(value->value);
    EXPECT_EQ(value->value, NthValue(total));
    EXPECT_GE(total, *acknowledged) << "an acknowledged value was lost";
    EXPECT_LE(total, *acknowledged + 1);
    ASSERT_OK_AND_ASSIGN(const auto keys, store->List(""));
    EXPECT_EQ(keys, std::vector<std::string>{"counter"});
  }
  EXPECT_GE(total, 25u);
}

}  // namespace
}  // namespace kedge
