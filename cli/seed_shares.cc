#include "cli/seed_shares.h"

#include <algorithm>

#include "base/host/files.h"
#include "cli/seed.h"
#include "proto/wire/receipt.h"

namespace kedge::cli {
namespace {

constexpr size_t kMaxKeyFile = 16 * 1024;

StatusOr<ThresholdShare> LoadThresholdShare(const std::string& path) {
  ASSIGN_OR_RETURN(wire::AnySeedShare share, LoadAnyShare(path));
  if (auto* threshold = std::get_if<ThresholdShare>(&share)) return std::move(*threshold);
  return MakeError(StatusCode::kInvalidArgument,
                   path +
                       " is a share that holds the whole seed: it needs no others; put it and "
                       "its key into the workspace for `kedge recover`");
}

StatusOr<ShamirShare> OpenWithOneOf(const ThresholdShare& share,
                                    const std::vector<RsaPrivateKey>& keys) {
  const auto fits = [&share](const RsaPrivateKey& key) {
    return Sha256(key.public_key().spki()) == share.slot().owner_key_digest;
  };
  const auto key = std::find_if(keys.begin(), keys.end(), fits);
  if (key != keys.end()) return OpenThresholdShare(share, *key);
  return Refused("SHARE_NOT_FOR_THIS_KEY", "the share of '" + share.slot().owner +
                                               "' is for none of the keys that were given");
}

}  // namespace

StatusOr<RsaPrivateKey> LoadShareKey(const Environment& env, const std::string& path) {
  WarnIfOpen(env, path);
  const StatusOr<SecretBytes> file = ReadSecretFile(path, kMaxKeyFile);
  if (!file.ok()) return BadFile(file.status());
  StatusOr<RsaPrivateKey> key = RsaPrivateKey::FromPem(*file);
  if (!key.ok()) return Annotate(key.status(), path);
  return key;
}

StatusOr<wire::AnySeedShare> LoadAnyShare(const std::string& path) {
  const StatusOr<Bytes> file = ReadFileBounded(path, wire::kMaxThresholdShareFile);
  if (!file.ok()) return BadFile(file.status());
  StatusOr<wire::AnySeedShare> share = wire::ParseAnySeedShare(*file);
  if (!share.ok()) return Annotate(share.status(), path);
  return share;
}

StatusOr<ExpectedKey> ExpectedKeyFor(const Workspace& workspace, const ShareSet& set) {
  if (workspace.Has(kReceiptFile)) {
    ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
    ASSIGN_OR_RETURN(VerifyKey key, VerifyKey::FromSpki(receipt.service_key_spki));
    return ExpectedKey{.key = std::move(key), .pinned = true};
  }
  ASSIGN_OR_RETURN(VerifyKey key, VerifyKey::FromSpki(set.service_key_spki));
  return ExpectedKey{.key = std::move(key), .pinned = false};
}

StatusOr<CombinedSeed> CombineShareFiles(const Environment& env, const Workspace& workspace,
                                         const ShareFiles& files) {
  if (files.shares.empty() || files.keys.empty()) {
    return MakeError(StatusCode::kInvalidArgument,
                     "threshold shares are opened with their owners' private keys: name both");
  }
  std::vector<RsaPrivateKey> keys;
  for (const std::string& path : files.keys) {
    ASSIGN_OR_RETURN(RsaPrivateKey key, LoadShareKey(env, path));
    keys.push_back(std::move(key));
  }
  ASSIGN_OR_RETURN(const ThresholdShare first, LoadThresholdShare(files.shares.front()));
  ASSIGN_OR_RETURN(const ExpectedKey expected, ExpectedKeyFor(workspace, first.set));
  SeedCombiner combiner(first.set);
  std::vector<std::string> owners;
  for (const std::string& path : files.shares) {
    ASSIGN_OR_RETURN(const ThresholdShare share, LoadThresholdShare(path));
    RETURN_IF_ERROR(Annotate(VerifyShareSet(share.set, expected.key), path));
    if (share.set != first.set) {
      return Refused("SHARE_OF_ANOTHER_SET", path + ": the share of '" + share.slot().owner +
                                                 "' was made at another time than the one in " +
                                                 files.shares.front() +
                                                 ": shares of two splits do not combine");
    }
    StatusOr<ShamirShare> opened = OpenWithOneOf(share, keys);
    if (!opened.ok()) return Annotate(opened.status(), path);
    RETURN_IF_ERROR(Annotate(combiner.Add(*std::move(opened)), path));
    owners.push_back(share.slot().owner);
  }
  ASSIGN_OR_RETURN(KeyTree tree, combiner.Combine());
  return CombinedSeed{
      .tree = std::move(tree), .owners = std::move(owners), .pinned = expected.pinned};
}

}  // namespace kedge::cli
