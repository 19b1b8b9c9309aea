#include "keyservice/core/seed_share.h"

namespace kedge {
namespace {

constexpr char kLabel[] = "seedshare";

}  // namespace

StatusOr<std::vector<SeedShare>> MakeSeedShares(const KeyTree& tree, const Manifest& manifest) {
  std::vector<SeedShare> shares;
  for (const SeedShareKey& key : manifest.seed_share_keys()) {
    ASSIGN_OR_RETURN(Bytes sealed, key.key.Encrypt(kLabel, tree.seed()));
    shares.push_back({.owner = key.name,
                      .owner_key_digest = key.digest,
                      .encrypted_seed = std::move(sealed),
                      .salt = tree.salt()});
  }
  return shares;
}

StatusOr<SecretBytes> OpenSeedShare(const SeedShare& share, const RsaPrivateKey& key) {
  if (share.owner_key_digest != Sha256(key.public_key().spki())) {
    return Refused("SHARE_NOT_FOR_THIS_KEY",
                   "the seed share of '" + share.owner + "' was made for another key");
  }
  return key.Decrypt(kLabel, share.encrypted_seed);
}

}  // namespace kedge
