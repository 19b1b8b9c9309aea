// kedge seed test: whether a share still opens and gives the cluster, without showing the seed.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/host/files.h"
#include "cli/seed.h"
#include "cli/seed_shares.h"
#include "cli/show.h"

namespace kedge::cli {
namespace {

constexpr size_t kMaxCertificateFile = 16 * 1024;

struct DrillOptions {
  std::string share;
  std::string key;
};

struct Drilled {
  std::string owner;
  std::string service_key_id;
  bool pinned = false;  // compared with the workspace's receipt
  std::string what;     // what the share is
};

StatusOr<Drilled> Drill(const Workspace& workspace, const SeedShare& share,
                        const RsaPrivateKey& key) {
  const bool pinned = workspace.Has(kReceiptFile);
  if (pinned) {
    ASSIGN_OR_RETURN(const Receipt receipt, workspace.LoadReceipt());
    ASSIGN_OR_RETURN(const Bytes ca, ReadFileBounded(workspace.Path(kCaFile), kMaxCertificateFile));
    RETURN_IF_ERROR(client::CheckShare(share, key, receipt, AsText(ca)));
  }
  ASSIGN_OR_RETURN(SecretBytes seed, OpenSeedShare(share, key));
  ASSIGN_OR_RETURN(const KeyTree tree, KeyTree::Create(std::move(seed), share.salt));
  ASSIGN_OR_RETURN(const SigningKey identity, tree.IdentityKey());
  return Drilled{.owner = share.owner,
                 .service_key_id = ServiceKeyId(identity.public_key().spki()),
                 .pinned = pinned,
                 .what = "whole seed"};
}

StatusOr<Drilled> Drill(const Workspace& workspace, const ThresholdShare& share,
                        const RsaPrivateKey& key) {
  ASSIGN_OR_RETURN(const ExpectedKey expected, ExpectedKeyFor(workspace, share.set));
  RETURN_IF_ERROR(VerifyShareSet(share.set, expected.key));
  RETURN_IF_ERROR(OpenThresholdShare(share, key).status());
  return Drilled{.owner = share.slot().owner,
                 .service_key_id = ServiceKeyId(share.set.service_key_spki),
                 .pinned = expected.pinned,
                 .what = absl::StrCat("share ", share.index, ", ", share.set.threshold, " of ",
                                      share.set.slots.size(), " needed")};
}

StatusOr<Answer> TestShare(const Environment& env, const Common& common,
                           const DrillOptions& options) {
  const Workspace workspace = common.OpenWorkspace();
  const std::string share_file =
      options.share.empty() ? workspace.Path(kSeedShareFile) : options.share;
  const std::string key_file =
      options.key.empty() ? workspace.Path(kSeedShareKeyFile) : options.key;
  ASSIGN_OR_RETURN(const wire::AnySeedShare share, LoadAnyShare(share_file));
  ASSIGN_OR_RETURN(const RsaPrivateKey key, LoadShareKey(env, key_file));
  StatusOr<Drilled> drilled =
      std::visit([&](const auto& kind) { return Drill(workspace, kind, key); }, share);
  if (!drilled.ok()) return Annotate(drilled.status(), share_file);
  return Answer{
      .text = absl::StrCat(
          "share        ", share_file, " of ", drilled->owner, ": opens (", drilled->what,
          ")\n",  //
          "service key  ", drilled->service_key_id,
          drilled->pinned ? ", as in the receipt\n" : ", not compared: there is no receipt here\n"),
      .json = {{"share", share_file},
               {"owner", drilled->owner},
               {"kind", drilled->what},
               {"opens", true},
               {"service_key_id", drilled->service_key_id},
               {"compared_with_receipt", drilled->pinned}},
      .verdict = {}};
}

}  // namespace

void AddSeedTest(CLI::App& seed, const Common& common, Call& call) {
  const auto options = std::make_shared<DrillOptions>();
  CLI::App* test = seed.add_subcommand(
      "test", "check that a share opens and belongs to the cluster; shows nothing of the seed");
  test->add_option("--share", options->share,
                   "share, of either kind; default: seedshare.json of the workspace");
  test->add_option("--key", options->key,
                   "private RSA key in PEM that opens it; default: seedshare.key of the workspace");
  test->callback([&call, &common, options] {
    call = [&common, options](const Environment& env) { return TestShare(env, common, *options); };
  });
}

}  // namespace kedge::cli
