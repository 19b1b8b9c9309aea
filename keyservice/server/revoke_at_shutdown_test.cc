#include "keyservice/server/revoke_at_shutdown.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/host/testing/fake_manager.h"
#include "base/status_matchers.h"
#include "keyservice/server/testing/memory_vault.h"

namespace kedge::keyservice {
namespace {

using testing::FakeManager;

class RevokeAtShutdownTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const SecretBytes seed, SecretBytes::CopyOf(Bytes(64, 0x5E)));
    ASSERT_OK(vault_.Keep(seed));
  }
  bool SeedIsThere() {
    const auto seed = vault_.Load();
    EXPECT_OK(seed);
    return seed.ok() && seed->has_value();
  }

  const std::string path_ = ::testing::TempDir() + "/manager." + std::to_string(getpid());
  UnitManager manager_{path_};
  testing::MemoryVault vault_;
};

TEST_F(RevokeAtShutdownTest, AMachineThatGoesDownLosesTheSeed) {
  FakeManager fake(path_, {.state = "stopping"});
  ASSERT_OK_AND_ASSIGN(const bool revoked, RevokeAtShutdown(manager_, vault_));
  EXPECT_TRUE(revoked);
  EXPECT_FALSE(SeedIsThere());
}

// A restart of the service, and the switch to the real root.
TEST_F(RevokeAtShutdownTest, AMachineThatGoesOnKeepsIt) {
  for (const char* state : {"starting", "running", "degraded"}) {
    FakeManager fake(path_, {.state = state});
    ASSERT_OK_AND_ASSIGN(const bool revoked, RevokeAtShutdown(manager_, vault_));
    EXPECT_FALSE(revoked);
    EXPECT_TRUE(SeedIsThere()) << state;
  }
}

TEST_F(RevokeAtShutdownTest, AManagerThatSaysNothingRevokesNothing) {
  UnitManager nobody("/nonexistent/private");
  EXPECT_FALSE(RevokeAtShutdown(nobody, vault_).ok());
  EXPECT_TRUE(SeedIsThere());
}

}  // namespace
}  // namespace kedge::keyservice
