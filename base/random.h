// Randomness as an argument: core rooms never call a generator of their own.
#pragma once

#include <cstdint>
#include <span>

#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

// A cryptographically secure generator. Implementations are thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual Status Fill(std::span<uint8_t> out) = 0;

  StatusOr<SecretBytes> Secret(size_t size) {
    ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::Create(size));
    RETURN_IF_ERROR(secret.RevealMutable([this](std::span<uint8_t> out) { return Fill(out); }));
    return secret;
  }
};

}  // namespace kedge
