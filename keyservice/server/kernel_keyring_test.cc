// With the kernel's real keyring. Where this kernel has none, each test says so and is skipped.
#include "keyservice/server/kernel_keyring.h"

#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>

#include "base/status_matchers.h"
#include "crypto/system_random.h"

namespace kedge::keyservice {
namespace {

class KernelKeyringTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto probe = keyring_.Load();
    if (probe.ok()) return;
    std::cerr << "*** SKIPPED: this kernel gives no user keyring: " << probe.status() << "\n";
    GTEST_SKIP() << "no kernel keyring: " << probe.status();
  }
  void TearDown() override { keyring_.Revoke().IgnoreError(); }

  // Runs `check` in another process, which inherits nothing but the user.
  static bool InAnotherProcess(bool (*check)(const std::string&), const std::string& name) {
    const pid_t child = fork();
    if (child == 0) _exit(check(name) ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  SystemRandom random_;
  const std::string name_ = "kedge-test:seed-" + std::to_string(getpid());
  KernelKeyring keyring_{name_};
};

TEST_F(KernelKeyringTest, IsEmptyAtFirst) {
  ASSERT_OK_AND_ASSIGN(const auto seed, keyring_.Load());
  EXPECT_FALSE(seed.has_value());
  EXPECT_OK(keyring_.Revoke());
}

TEST_F(KernelKeyringTest, KeepsReplacesAndRevokes) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes one, random_.Secret(64));
  ASSERT_OK_AND_ASSIGN(const SecretBytes two, random_.Secret(32));
  ASSERT_OK(keyring_.Keep(one));
  ASSERT_OK_AND_ASSIGN(auto kept, keyring_.Load());
  ASSERT_TRUE(kept.has_value());
  EXPECT_TRUE(kept->EqualsConstantTime(one));
  ASSERT_OK(keyring_.Keep(two));
  ASSERT_OK_AND_ASSIGN(kept, keyring_.Load());
  ASSERT_TRUE(kept.has_value());
  EXPECT_TRUE(kept->EqualsConstantTime(two));
  ASSERT_OK(keyring_.Revoke());
  ASSERT_OK_AND_ASSIGN(kept, keyring_.Load());
  EXPECT_FALSE(kept.has_value());
  ASSERT_OK(keyring_.Keep(one));
  ASSERT_OK_AND_ASSIGN(kept, keyring_.Load());
  EXPECT_TRUE(kept.has_value());
}

TEST_F(KernelKeyringTest, OutlivesTheProcessThatKeptIt) {
  const auto keep = [](const std::string& name) {
    SystemRandom random;
    const auto seed = random.Secret(64);
    return seed.ok() && KernelKeyring(name).Keep(*seed).ok();
  };
  ASSERT_TRUE(InAnotherProcess(+keep, name_));
  ASSERT_OK_AND_ASSIGN(const auto seed, keyring_.Load());
  EXPECT_TRUE(seed.has_value());
}

// As a service of systemd: a session keyring of its own that does not hold the user's.
TEST_F(KernelKeyringTest, WorksInAPrivateSession) {
  const auto keep = [](const std::string& name) {
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) return false;
    SystemRandom random;
    const auto seed = random.Secret(64);
    KernelKeyring keyring(name);
    if (!seed.ok() || !keyring.Keep(*seed).ok()) return false;
    const auto loaded = keyring.Load();
    return loaded.ok() && loaded->has_value();
  };
  ASSERT_TRUE(InAnotherProcess(+keep, name_));
  const auto revoke = [](const std::string& name) {
    return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) > 0 &&
           KernelKeyring(name).Load()->has_value() && KernelKeyring(name).Revoke().ok();
  };
  EXPECT_TRUE(InAnotherProcess(+revoke, name_));
  ASSERT_OK_AND_ASSIGN(const auto seed, keyring_.Load());
  EXPECT_FALSE(seed.has_value());
}

TEST_F(KernelKeyringTest, IsForItsUserOnly) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes seed, random_.Secret(64));
  ASSERT_OK(keyring_.Keep(seed));
  const long key =
      syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name_.c_str(), 0);
  ASSERT_GT(key, 0);
  char description[256] = {};
  ASSERT_GT(syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, description, sizeof(description), 0), 0);
  // "type;uid;gid;perm;description": VIEW, READ, WRITE and SEARCH of the user, nothing else.
  EXPECT_NE(std::string(description).find(";000f0000;"), std::string::npos) << description;
  if (geteuid() != 0) return;
  // Another user gets neither the name nor the content.
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(65534, 65534, 65534) != 0) _exit(2);
    char buffer[128];
    _exit(syscall(SYS_keyctl, KEYCTL_READ, key, buffer, sizeof(buffer), 0) < 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "another user read the seed";
}

TEST_F(KernelKeyringTest, SomethingElseUnderTheNameIsNoSeed) {
  ASSERT_GT(syscall(SYS_add_key, "user", name_.c_str(), "short", 5, KEY_SPEC_USER_KEYRING), 0);
  EXPECT_THAT(keyring_.Load(), HasFault("KEYRING_UNAVAILABLE"));
  const std::string huge(4096, 'x');
  ASSERT_GT(
      syscall(SYS_add_key, "user", name_.c_str(), huge.data(), huge.size(), KEY_SPEC_USER_KEYRING),
      0);
  EXPECT_THAT(keyring_.Load(), HasFault("KEYRING_UNAVAILABLE"));
}

}  // namespace
}  // namespace kedge::keyservice
