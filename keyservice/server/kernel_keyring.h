// The seed vault in the kernel: a key of type "user" in root's user keyring (keyrings(7)). It lives
// in kernel memory, is never swapped, and survives the process and switch-root, not the machine.
#pragma once

#include <string>

#include "keyservice/core/seed_vault.h"

namespace kedge::keyservice {

inline constexpr char kSeedKeyName[] = "kedge:seed";

class KernelKeyring final : public SeedVault {
 public:
  // `name`: the key's description; tests use one of their own.
  explicit KernelKeyring(std::string name = kSeedKeyName) : name_(std::move(name)) {}

  // Faults: KEYRING_UNAVAILABLE where the kernel has no keyrings or refuses them.
  StatusOr<std::optional<SecretBytes>> Load() override;
  // Only processes of this user can see or read the key; nobody can change its permissions.
  Status Keep(const SecretBytes& seed) override;
  Status Revoke() override;

 private:
  const std::string name_;
};

}  // namespace kedge::keyservice
