#include "keyservice/core/threshold_share.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>

#include "base/lp.h"

namespace kedge {
namespace {

constexpr char kLabel[] = "kedge/1 threshold share";
constexpr size_t kMaxOwner = 128;

Status Damaged(const std::string& owner) {
  return Refused("SHARE_DAMAGED", "the share of '" + owner +
                                      "' is not the one that was made for it: it was changed or "
                                      "mixed up; ask for the file as it was made");
}

bool IsOwner(std::string_view name) {
  return !name.empty() && name.size() <= kMaxOwner &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

Bytes ShareSetMessage(const ShareSet& set) {
  LpWriter writer;
  writer.Add("kedge/1 share set").Add(kThresholdShareFormat).AddU32(set.threshold);
  writer.AddU32(set.seed_size).Add(set.salt).Add(set.service_key_spki);
  writer.AddU32(static_cast<uint32_t>(set.slots.size()));
  for (const ShareSlot& slot : set.slots) {
    writer.Add(slot.owner).Add(slot.owner_key_digest).Add(slot.commitment);
  }
  return std::move(writer).Take();
}

Sha256Digest CommitToShare(const SecretBytes& share, uint32_t index) {
  LpWriter writer;
  writer.Add("kedge/1 share commitment").AddU32(index);
  return HmacSha256(share, writer.bytes());
}

Status CheckShareSet(const ShareSet& set) {
  if (set.slots.size() > kMaxThresholdShares || set.threshold < kMinThreshold ||
      set.threshold > set.slots.size()) {
    return Malformed(absl::StrCat("share set: ", set.threshold, " of ", set.slots.size(),
                                  " shares: expected a threshold from ", kMinThreshold,
                                  " to the number of shares, and at most ", kMaxThresholdShares));
  }
  if (set.seed_size < kMinSeedSize || set.seed_size > kMaxSharedSeed) {
    return Malformed(absl::StrCat("share set: a seed of ", set.seed_size, " bytes: expected ",
                                  kMinSeedSize, " to ", kMaxSharedSeed));
  }
  if (set.salt.size() != kSeedSaltSize) return Malformed("share set: the salt is not 32 bytes");
  std::set<std::string> owners;
  std::set<Sha256Digest> keys;
  for (const ShareSlot& slot : set.slots) {
    if (!IsOwner(slot.owner)) {
      return Malformed("share set: an owner's name is not 1 to 128 printable characters");
    }
    // One owner with two shares would be two of the threshold.
    if (!owners.insert(slot.owner).second || !keys.insert(slot.owner_key_digest).second) {
      return Malformed("share set: the owner '" + slot.owner + "' or its key is there twice");
    }
  }
  return absl::OkStatus();
}

Status VerifyShareSet(const ShareSet& set, const VerifyKey& identity) {
  RETURN_IF_ERROR(CheckShareSet(set));
  if (set.service_key_spki != identity.spki()) {
    return Refused("SHARE_SET_OF_ANOTHER_CLUSTER",
                   "the shares are of another cluster's seed than the one that is meant");
  }
  if (identity.Verify(ShareSetMessage(set), set.signature).ok()) return absl::OkStatus();
  return Refused("SHARE_SET_NOT_AUTHENTIC",
                 "what the share says about its set was not signed under the seed: it was changed");
}

StatusOr<std::vector<ThresholdShare>> SplitSeed(const KeyTree& tree,
                                                std::span<const SeedShareKey> owners,
                                                uint32_t threshold, Random& random) {
  ASSIGN_OR_RETURN(const SigningKey identity, tree.IdentityKey());
  ShareSet set{.threshold = threshold,
               .seed_size = static_cast<uint32_t>(tree.seed().size()),
               .salt = tree.salt(),
               .service_key_spki = identity.public_key().spki(),
               .slots = {},
               .signature = {}};
  for (const SeedShareKey& owner : owners) {
    set.slots.push_back({.owner = owner.name, .owner_key_digest = owner.digest, .commitment = {}});
  }
  RETURN_IF_ERROR(CheckShareSet(set));
  ASSIGN_OR_RETURN(const std::vector<ShamirShare> values,
                   SplitSecret(tree.seed(), threshold, owners.size(), random));
  for (size_t i = 0; i < values.size(); ++i) {
    set.slots[i].commitment = CommitToShare(values[i].y, values[i].x);
  }
  ASSIGN_OR_RETURN(set.signature, identity.Sign(ShareSetMessage(set)));
  std::vector<ThresholdShare> shares;
  for (size_t i = 0; i < values.size(); ++i) {
    ASSIGN_OR_RETURN(Bytes sealed, owners[i].key.Encrypt(kLabel, values[i].y));
    shares.push_back({.set = set, .index = values[i].x, .encrypted_share = std::move(sealed)});
  }
  return shares;
}

StatusOr<ShamirShare> OpenThresholdShare(const ThresholdShare& share, const RsaPrivateKey& key) {
  const ShareSlot& slot = share.slot();
  if (slot.owner_key_digest != Sha256(key.public_key().spki())) {
    return Refused("SHARE_NOT_FOR_THIS_KEY",
                   "the share of '" + slot.owner + "' was made for another key");
  }
  StatusOr<SecretBytes> value = key.Decrypt(kLabel, share.encrypted_share);
  // The key is the right one, so what does not decrypt under it was changed.
  if (FaultCode(value.status()) == "SHARE_NOT_FOR_THIS_KEY") return Damaged(slot.owner);
  RETURN_IF_ERROR(value.status());
  if (value->size() != share.set.seed_size ||
      CommitToShare(*value, share.index) != slot.commitment) {
    return Damaged(slot.owner);
  }
  return ShamirShare{.x = static_cast<uint8_t>(share.index), .y = *std::move(value)};
}

Status SeedCombiner::Add(ShamirShare share) {
  if (share.x == 0 || share.x > set_.slots.size()) {
    return Refused("SHARE_UNKNOWN", absl::StrCat("the set has no share ", share.x));
  }
  const ShareSlot& slot = set_.slots[share.x - 1U];
  if (share.y.size() != set_.seed_size || CommitToShare(share.y, share.x) != slot.commitment) {
    return Damaged(slot.owner);
  }
  for (const ShamirShare& held : shares_) {
    if (held.x == share.x) {
      return Refused("SHARE_TWICE", "the share of '" + slot.owner + "' is there already");
    }
  }
  shares_.push_back(std::move(share));
  return absl::OkStatus();
}

size_t SeedCombiner::missing() const {
  return shares_.size() < set_.threshold ? set_.threshold - shares_.size() : 0;
}

std::vector<std::string> SeedCombiner::MissingOwners() const {
  std::vector<std::string> owners;
  for (size_t i = 0; i < set_.slots.size(); ++i) {
    const bool held = std::any_of(shares_.begin(), shares_.end(),
                                  [i](const ShamirShare& share) { return share.x == i + 1; });
    if (!held) owners.push_back(set_.slots[i].owner);
  }
  return owners;
}

StatusOr<KeyTree> SeedCombiner::Combine() const {
  if (missing() > 0) {
    return MakeFault(
        StatusCode::kFailedPrecondition, "SHARES_MISSING", Advice::kAskOperator,
        absl::StrCat(missing(), " more of ", set_.threshold,
                     " shares are needed, of: ", absl::StrJoin(MissingOwners(), ", ")));
  }
  ASSIGN_OR_RETURN(SecretBytes seed, CombineShares(std::span(shares_).first(set_.threshold)));
  ASSIGN_OR_RETURN(KeyTree tree, KeyTree::Create(std::move(seed), set_.salt));
  ASSIGN_OR_RETURN(const SigningKey identity, tree.IdentityKey());
  if (identity.public_key().spki() != set_.service_key_spki) {
    return Refused("WRONG_SEED",
                   "the shares fit together, but their seed is not the one of the key that signed "
                   "them: they were made wrongly or with intent");
  }
  return tree;
}

}  // namespace kedge
