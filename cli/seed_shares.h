// Files with seed shares and with the keys that open them.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"
#include "keyservice/core/key_tree.h"
#include "proto/wire/threshold_share.h"

namespace kedge::cli {

// A private RSA key in PEM. Warns where others may read the file. INVALID_ARGUMENT, NOT_FOUND.
StatusOr<RsaPrivateKey> LoadShareKey(const Environment& env, const std::string& path);
// Errors name the file.
StatusOr<wire::AnySeedShare> LoadAnyShare(const std::string& path);

// The identity key that shares must belong to: the receipt's, where the workspace has one; else the
// one that the share names itself.
struct ExpectedKey {
  VerifyKey key;
  bool pinned = false;
};
StatusOr<ExpectedKey> ExpectedKeyFor(const Workspace& workspace, const ShareSet& set);

struct CombinedSeed {
  KeyTree tree;
  std::vector<std::string> owners;  // whose shares were used
  bool pinned = false;              // compared with the workspace's receipt
};
// Threshold shares, and the private keys that open them, in files.
struct ShareFiles {
  std::vector<std::string> shares;
  std::vector<std::string> keys;
};
// Opens each threshold share with the key that it was made for, and combines them. The first share
// that is not as it should be ends it, by its file and its owner.
StatusOr<CombinedSeed> CombineShareFiles(const Environment& env, const Workspace& workspace,
                                         const ShareFiles& files);

// `kedge recover` with the seed of threshold shares instead of the workspace's own share.
StatusOr<Answer> RecoverWithShares(const Environment& env, const Common& common,
                                   const RecoverOptions& options, const ShareFiles& files);

}  // namespace kedge::cli
