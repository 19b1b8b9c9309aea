// Every key of a cluster, derived from one secret seed (design: Protocol, "Keys").
//
// Two trees grow from the same root. The first is compatible with Contrast (HKDF-SHA256, raw ASCII
// info, output as long as the seed). The second, profile kedge-v1, has lp-encoded labels
// "kedge/1 kdf …" (crypto/kdf_label.h) and 32-byte outputs. Fixed vectors for every derivation:
// tests/testdata/key_tree_vectors.json.
#pragma once

#include <cstdint>
#include <string_view>

#include "attestation/model/measured_event.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/ecdsa.h"

namespace kedge {

inline constexpr size_t kNewSeedSize = 64;
inline constexpr size_t kMinSeedSize = 32;
// Every output of the Contrast-compatible tree is as long as the seed, and HKDF-SHA256 gives no
// more than 255 blocks (RFC 5869 section 2.3).
inline constexpr size_t kMaxSeedSize = 255 * 32;
inline constexpr size_t kSeedSaltSize = 32;
inline constexpr size_t kMeasurementSaltSize = 32;

// Owns the seed. Const use from several threads is fine; every result is a fresh copy that the
// caller drops as soon as it can.
class KeyTree {
 public:
  // A new seed of kNewSeedSize bytes and a new salt.
  static StatusOr<KeyTree> Generate(Random& random);
  // INVALID_ARGUMENT for a seed shorter than kMinSeedSize (or longer than kMaxSeedSize) or a salt
  // that is not kSeedSaltSize bytes.
  static StatusOr<KeyTree> Create(SecretBytes seed, ByteView salt);

  const SecretBytes& seed() const { return seed_; }
  const Bytes& salt() const { return salt_; }  // public

  // ---- Contrast-compatible ----
  StatusOr<SigningKey> RootCaKey() const;       // P-384
  StatusOr<SigningKey> TransactionKey() const;  // P-384: signs the manifest history
  StatusOr<SecretBytes> PodStateSeed() const;
  StatusOr<SecretBytes> HistorySeed() const;
  // INVALID_ARGUMENT for an empty id.
  StatusOr<SecretBytes> WorkloadSecret(std::string_view id) const;

  // ---- Cluster tree, profile kedge-v1 ----
  StatusOr<SigningKey> IdentityKey() const;  // P-256: the service's pinned key
  // The cluster's public name: whoever knows it cannot get at the measurement secret, and nobody
  // without the secret can make it. `measurement_salt` is kMeasurementSaltSize bytes, public.
  StatusOr<ClusterId> ComputeClusterId(ByteView measurement_salt) const;
  // Key-encryption key of a version; epochs begin at 1.
  StatusOr<SecretBytes> Kek(uint32_t kek_epoch) const;

 private:
  KeyTree(SecretBytes seed, Bytes salt) : seed_(std::move(seed)), salt_(std::move(salt)) {}
  StatusOr<SecretBytes> ContrastSecret(std::string_view info) const;
  StatusOr<SecretBytes> Master() const;

  SecretBytes seed_;
  Bytes salt_;
};

// Data key of one object: kind "state-disk", id "NODE/VOLUME", generations begin at 1. 32 bytes.
// INVALID_ARGUMENT for an empty kind or id.
StatusOr<SecretBytes> DeriveDek(const SecretBytes& kek, std::string_view kind, std::string_view id,
                                uint32_t dek_generation);

}  // namespace kedge
