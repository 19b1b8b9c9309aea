// The seed vault in the kernel (base/host/user_key.h).
#pragma once

#include <string>

#include "base/host/user_key.h"
#include "keyservice/core/seed_vault.h"

namespace kedge::keyservice {

inline constexpr char kSeedKeyName[] = "kedge:seed";

class KernelKeyring final : public SeedVault {
 public:
  // `name`: the key's description; tests use one of their own.
  explicit KernelKeyring(std::string name = kSeedKeyName);

  StatusOr<std::optional<SecretBytes>> Load() override { return key_.Load(); }
  Status Keep(const SecretBytes& seed) override { return key_.Keep(seed); }
  Status Revoke() override { return key_.Revoke(); }

 private:
  const UserKey key_;
};

}  // namespace kedge::keyservice
