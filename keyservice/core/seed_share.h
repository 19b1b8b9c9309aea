// The secret seed on its way to the owners: sealed to each seed-share key of the manifest
// (RSA-OAEP-SHA256, label "seedshare"). A share is good for nothing without its private key.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/rsa.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/core/manifest.h"

namespace kedge {

struct SeedShare {
  std::string owner;                // name of the key in the manifest
  Sha256Digest owner_key_digest{};  // SHA-256 of its SPKI
  Bytes encrypted_seed;
  Bytes salt;  // of the seed tree, kSeedSaltSize bytes, public
};

// One for each seed-share key, in the manifest's order. Each holds the whole seed.
StatusOr<std::vector<SeedShare>> MakeSeedShares(const KeyTree& tree, const Manifest& manifest);

// The seed. Fault SHARE_NOT_FOR_THIS_KEY where the share belongs to another key.
StatusOr<SecretBytes> OpenSeedShare(const SeedShare& share, const RsaPrivateKey& key);

}  // namespace kedge
