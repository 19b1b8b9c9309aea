// kedge seed split and combine: a seed in shares of which a threshold is needed, offline.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/host/files.h"
#include "base/secret_hex.h"
#include "cli/outside_files.h"
#include "cli/seed.h"
#include "cli/seed_shares.h"
#include "cli/show.h"

namespace kedge::cli {
namespace {

struct SplitOptions {
  std::string seed_file;
  std::string salt_hex;
  uint32_t threshold = 0;
  std::vector<std::string> owner_keys;
  std::string output;
};

// The seed that the workspace's own share holds, or the one in a file.
StatusOr<KeyTree> LoadTree(const Environment& env, const Workspace& workspace,
                           const SplitOptions& options) {
  if (!options.seed_file.empty()) {
    ASSIGN_OR_RETURN(const Bytes salt, ParseSalt(options.salt_hex, "--salt"));
    ASSIGN_OR_RETURN(SecretBytes seed, LoadSeedFile(env, options.seed_file));
    return KeyTree::Create(std::move(seed), salt);
  }
  ASSIGN_OR_RETURN(const SeedShare share, workspace.LoadSeedShare());
  ASSIGN_OR_RETURN(const std::optional<RsaPrivateKey> key, workspace.SeedShareKey());
  if (!key) {
    return MakeError(StatusCode::kNotFound, "no " + workspace.Path(kSeedShareKeyFile) +
                                                ": it opens the share that is to be split; or "
                                                "name --seed-file and --salt");
  }
  ASSIGN_OR_RETURN(SecretBytes seed, OpenSeedShare(share, *key));
  return KeyTree::Create(std::move(seed), share.salt);
}

// A seed of another cluster would make shares that are good for nothing when they are needed.
Status CheckIsTheWorkspaces(const Workspace& workspace, const KeyTree& tree) {
  if (!workspace.Has(kReceiptFile)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
  ASSIGN_OR_RETURN(const SigningKey identity, tree.IdentityKey());
  if (identity.public_key().spki() == receipt.service_key_spki) return absl::OkStatus();
  return Refused("WRONG_SEED", workspace.Path(kReceiptFile) +
                                   " is of another cluster than this seed: name another workspace");
}

StatusOr<std::vector<SeedShareKey>> LoadOwners(const Workspace& workspace,
                                               const std::vector<std::string>& files) {
  if (files.empty()) {
    ASSIGN_OR_RETURN(const Manifest manifest, workspace.LoadManifest());
    return manifest.seed_share_keys();
  }
  std::vector<SeedShareKey> owners;
  for (const std::string& path : files) {
    ASSIGN_OR_RETURN(SeedShareKey owner, LoadSeedShareKey(path));
    owners.push_back(std::move(owner));
  }
  return owners;
}

StatusOr<Answer> Split(const Environment& env, const Common& common, const SplitOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  ASSIGN_OR_RETURN(const KeyTree tree, LoadTree(env, workspace, options));
  RETURN_IF_ERROR(CheckIsTheWorkspaces(workspace, tree));
  ASSIGN_OR_RETURN(const std::vector<SeedShareKey> owners,
                   LoadOwners(workspace, options.owner_keys));
  ASSIGN_OR_RETURN(const std::vector<ThresholdShare> shares,
                   SplitSeed(tree, owners, options.threshold, env.random));
  const Workspace output(options.output.empty() ? workspace.folder() : options.output);
  const auto name_of = [](const ThresholdShare& share) {
    return absl::StrCat("threshold-share-", share.index, ".json");
  };
  for (const ThresholdShare& share : shares) {
    if (!output.Has(name_of(share))) continue;
    return MakeError(StatusCode::kAlreadyExists, output.Path(name_of(share)) +
                                                     " exists: name another --output; nothing was "
                                                     "written");
  }
  RETURN_IF_ERROR(output.MakeFolder());
  Answer answer;
  const std::string key_id = ServiceKeyId(shares.front().set.service_key_spki);
  answer.json = {{"threshold", options.threshold}, {"service_key_id", key_id}};
  absl::StrAppend(&answer.text, "service key  ", key_id, "\n",  //
                  "threshold    ", options.threshold, " of ", shares.size(), "\n");
  for (const ThresholdShare& share : shares) {
    ASSIGN_OR_RETURN(const std::string text, wire::PrintThresholdShare(share));
    RETURN_IF_ERROR(output.Create(name_of(share), text));
    const std::string path = output.Path(name_of(share));
    answer.json["shares"].push_back({{"owner", share.slot().owner}, {"file", path}});
    absl::StrAppend(&answer.text, "share        ", path, " for ", share.slot().owner, "\n");
  }
  absl::StrAppend(&answer.text,
                  "\nGive each owner the file; it opens with the owner's key only. Let each run "
                  "`kedge seed test` on it. Shares that hold the whole seed stay valid: destroy "
                  "them, and the seed's file, once these are tested.\n");
  return answer;
}

struct CombineOptions {
  ShareFiles files;
  std::string output;
};

StatusOr<Answer> Combine(const Environment& env, const Common& common,
                         const CombineOptions& options) {
  ASSIGN_OR_RETURN(const CombinedSeed combined,
                   CombineShareFiles(env, common.OpenWorkspace(), options.files));
  ASSIGN_OR_RETURN(const SecretBytes hex, SecretToHex(combined.tree.seed()));
  RETURN_IF_ERROR(CreateSecretFileAtomically(options.output, hex, 0600));
  Warn(env, options.output + " holds the whole seed: whoever reads it has the cluster");
  ASSIGN_OR_RETURN(const SigningKey identity, combined.tree.IdentityKey());
  const std::string key_id = ServiceKeyId(identity.public_key().spki());
  return Answer{
      .text = absl::StrCat(
          "seed         ", options.output, " (hexadecimal, mode 0600)\n",  //
          "salt         ", ToHex(combined.tree.salt()), "\n",              //
          "shares       ", absl::StrJoin(combined.owners, ", "), "\n",     //
          "service key  ", key_id,
          combined.pinned ? ", as in the receipt\n" : ", not compared: there is no receipt here\n"),
      .json = {{"file", options.output},
               {"salt", ToHex(combined.tree.salt())},
               {"owners", combined.owners},
               {"service_key_id", key_id},
               {"compared_with_receipt", combined.pinned}},
      .verdict = {}};
}

}  // namespace

void AddSeedSplit(CLI::App& seed, const Common& common, Call& call) {
  const auto options = std::make_shared<SplitOptions>();
  CLI::App* split = seed.add_subcommand(
      "split", "make shares of a seed, of which a threshold is needed, one for each owner");
  split->add_option("--threshold", options->threshold, "how many shares give the seed, 2 or more")
      ->required();
  CLI::Option* file = split->add_option(
      "--seed-file", options->seed_file,
      "file with the seed, as for derive; default: the seed in the workspace's own seed share");
  CLI::Option* salt =
      split->add_option("--salt", options->salt_hex, "salt of that seed, 32 bytes in hexadecimal");
  file->needs(salt);
  salt->needs(file);
  split->add_option("--owner-key", options->owner_keys,
                    "public RSA key of an owner in PEM, named after its file; default: the "
                    "manifest's seed-share keys");
  split->add_option("-o,--output", options->output,
                    "folder for the shares; default: the workspace");
  split->callback([&call, &common, options] {
    call = [&common, options](const Environment& env) { return Split(env, common, *options); };
  });
}

void AddSeedCombine(CLI::App& seed, const Common& common, Call& call) {
  const auto options = std::make_shared<CombineOptions>();
  CLI::App* combine =
      seed.add_subcommand("combine", "put a seed together again, from as many shares as it takes");
  combine->add_option("--share", options->files.shares, "file with a threshold share")->required();
  combine
      ->add_option("--key", options->files.keys,
                   "private RSA key in PEM that opens one of the shares")
      ->required();
  combine
      ->add_option("-o,--output", options->output,
                   "file to write the seed to, with mode 0600; must not exist")
      ->required();
  combine->callback([&call, &common, options] {
    call = [&common, options](const Environment& env) { return Combine(env, common, *options); };
  });
}

}  // namespace kedge::cli
