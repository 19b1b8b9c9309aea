// The secret seed in shares of which a threshold is needed (docs/FORMATS.md, "Threshold share").
//
// What the shares of one seed have in common, a ShareSet, is public and signed by the identity key
// that the seed derives: it names the owner of each share and commits to its value. So a share that
// was changed, mixed up or invented is refused when it comes, by its owner's name, and only who
// held the seed can have made the set. The identity key is what receipts and invitations pin, and
// what the combined seed must give again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/rsa.h"
#include "crypto/shamir.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/core/manifest.h"

namespace kedge {

inline constexpr std::string_view kThresholdShareFormat = "kedge.threshold-share.v1";
// One share that suffices is a SeedShare (seed_share.h), not a threshold share.
inline constexpr uint32_t kMinThreshold = 2;
inline constexpr size_t kMaxThresholdShares = 64;
// What RSA-OAEP-SHA256 carries under the smallest accepted key, of 3,072 bits.
inline constexpr size_t kMaxSharedSeed = 3072 / 8 - 2 * 32 - 2;

struct ShareSlot {
  std::string owner;                // name of the seed-share key
  Sha256Digest owner_key_digest{};  // SHA-256 of its SPKI
  Sha256Digest commitment{};        // to the share, CommitToShare
  bool operator==(const ShareSlot&) const = default;
};

struct ShareSet {
  uint32_t threshold = 0;
  uint32_t seed_size = 0;        // bytes
  Bytes salt;                    // of the seed tree, kSeedSaltSize bytes, public
  Bytes service_key_spki;        // the identity key that the seed derives, P-256
  std::vector<ShareSlot> slots;  // slot i holds the share at x = i + 1
  Bytes signature;               // under that key, over ShareSetMessage
  bool operator==(const ShareSet&) const = default;
};

// What an owner keeps. Good for nothing without the private key.
struct ThresholdShare {
  ShareSet set;
  uint32_t index = 0;     // of its slot, from 1
  Bytes encrypted_share;  // RSA-OAEP-SHA256, label "kedge/1 threshold share"

  const ShareSlot& slot() const { return set.slots[index - 1]; }
};

// lp("kedge/1 share set") lp(format) lp(u32 threshold) lp(u32 seed_size) lp(salt)
// lp(service_key_spki) lp(u32 number of slots), then lp(owner) lp(owner_key_digest) lp(commitment)
// of each slot.
Bytes ShareSetMessage(const ShareSet& set);
// HMAC-SHA256(share, lp("kedge/1 share commitment") lp(u32 index)). A share is as random as the
// seed, so this says nothing about it that helps to guess it.
Sha256Digest CommitToShare(const SecretBytes& share, uint32_t index);

// Sizes, names and counts: threshold from kMinThreshold to the number of slots, no owner and no key
// twice. MALFORMED.
Status CheckShareSet(const ShareSet& set);
// As CheckShareSet, and the signature under `identity`, the key that the caller knows for the
// cluster's. Faults SHARE_SET_OF_ANOTHER_CLUSTER and SHARE_SET_NOT_AUTHENTIC.
Status VerifyShareSet(const ShareSet& set, const VerifyKey& identity);

// One share for each owner, in their order. Any `threshold` of them give the seed of `tree`.
StatusOr<std::vector<ThresholdShare>> SplitSeed(const KeyTree& tree,
                                                std::span<const SeedShareKey> owners,
                                                uint32_t threshold, Random& random);

// The share itself, as its set commits to it. The caller has verified the set. Faults
// SHARE_NOT_FOR_THIS_KEY, and SHARE_DAMAGED where it decrypts to something else; both name the
// owner.
StatusOr<ShamirShare> OpenThresholdShare(const ThresholdShare& share, const RsaPrivateKey& key);

// Gathers shares, one at a time. Not thread-safe.
class SeedCombiner {
 public:
  // `set` is verified: VerifyShareSet.
  explicit SeedCombiner(ShareSet set) : set_(std::move(set)) {}

  // Takes a share that was opened, whoever brings it. A refused one changes nothing: faults
  // SHARE_DAMAGED, SHARE_TWICE, naming the owner; SHARE_UNKNOWN.
  Status Add(ShamirShare share);
  // How many more it takes.
  size_t missing() const;
  // The owners whose shares are not there yet, in the set's order.
  std::vector<std::string> MissingOwners() const;
  // The tree of the seed. Fault SHARES_MISSING; WRONG_SEED where the set, though signed, does not
  // give the seed of its key.
  StatusOr<KeyTree> Combine() const;

 private:
  const ShareSet set_;
  std::vector<ShamirShare> shares_;
};

}  // namespace kedge
