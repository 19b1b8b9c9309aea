// The port to where the seed outlives the process within one boot: never a file (S11).
#pragma once

#include <optional>

#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// One seed at a time. Thread-safe.
class SeedVault {
 public:
  virtual ~SeedVault() = default;
  // nullopt: no seed is kept.
  virtual StatusOr<std::optional<SecretBytes>> Load() = 0;
  // Replaces what is kept.
  virtual Status Keep(const SecretBytes& seed) = 0;
  // OK where nothing is kept.
  virtual Status Revoke() = 0;
};

}  // namespace kedge
