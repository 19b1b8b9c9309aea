// Ephemeral X25519 key agreement (RFC 7748).
#pragma once

#include "base/bytes.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

using X25519Public = ByteArray<32>;

// Move-only ephemeral key pair.
class X25519KeyPair {
 public:
  static StatusOr<X25519KeyPair> Generate(Random& random);
  // From 32 private bytes, for fixed vectors.
  static StatusOr<X25519KeyPair> FromPrivate(SecretBytes private_key);

  const X25519Public& public_key() const { return public_; }
  // 32 bytes of shared secret; an all-zero result (low-order peer key) is PERMISSION_DENIED with
  // fault LOW_ORDER_KEY.
  StatusOr<SecretBytes> Agree(const X25519Public& peer) const;

 private:
  X25519KeyPair(SecretBytes private_key, const X25519Public& public_key)
      : private_(std::move(private_key)), public_(public_key) {}

  SecretBytes private_;
  X25519Public public_;
};

}  // namespace kedge
