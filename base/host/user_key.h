// A secret in the kernel: a key of type "user" in root's user keyring (keyrings(7)). It lives in
// kernel memory, is never swapped, and survives the process and switch-root, not the machine.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// Each call is its own; calls of several threads or processes are safe, the last one counts.
class UserKey {
 public:
  // `name`: the key's description. Bytes; anything smaller or larger under that name is no secret
  // of this kind.
  struct Size {
    size_t least;
    size_t most;
  };
  UserKey(std::string name, Size size) : name_(std::move(name)), size_(size) {}

  // Faults: KEYRING_UNAVAILABLE where the kernel has no keyrings or refuses them.
  StatusOr<std::optional<SecretBytes>> Load() const;
  // Only processes of this user can see or read the key; nobody can change its permissions.
  Status Keep(const SecretBytes& secret) const;
  Status Revoke() const;

 private:
  const std::string name_;
  const Size size_;
};

}  // namespace kedge
