// kedge manifest init: a first manifest from public parts alone, for owners whose private keys are
// elsewhere. `kedge prepare` makes the keys too.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/host/files.h"
#include "cli/manifest.h"
#include "cli/outside_files.h"
#include "proto/wire/manifest.h"

namespace kedge::cli {
namespace {

struct InitManifestOptions {
  std::string cluster;
  std::vector<std::string> images;
  std::vector<std::string> tpm_roots;
  std::vector<std::string> evidence_levels = {"host-vtpm"};
  std::vector<std::string> owner_keys;
  std::vector<std::string> share_keys;
  std::string output;
};

StatusOr<Answer> InitManifest(const InitManifestOptions& options) {
  ManifestTerms terms;
  terms.cluster = options.cluster;
  terms.generation = 1;
  ASSIGN_OR_RETURN(terms.roles, PoliciesOfBothRoles(options.evidence_levels));
  std::vector<std::string> roles;
  for (const RolePolicy& policy : terms.roles) roles.push_back(policy.role);
  ASSIGN_OR_RETURN(terms.images, LoadReferences(options.images, roles));
  ASSIGN_OR_RETURN(terms.tpm_roots, LoadTpmRoots(options.tpm_roots));
  for (const std::string& path : options.owner_keys) {
    ASSIGN_OR_RETURN(OwnerKey key, LoadOwnerKey(path));
    terms.owner_keys.push_back(std::move(key));
  }
  for (const std::string& path : options.share_keys) {
    ASSIGN_OR_RETURN(SeedShareKey key, LoadSeedShareKey(path));
    terms.seed_share_keys.push_back(std::move(key));
  }
  ASSIGN_OR_RETURN(const std::string text, wire::PrintManifest(terms));
  ASSIGN_OR_RETURN(const Manifest manifest, wire::ParseManifest(AsBytes(text)));
  RETURN_IF_ERROR(CreateFileAtomically(options.output, AsBytes(text), 0644));
  return Answer{.text = absl::StrCat("manifest     ", options.output, "\n",            //
                                     "digest       ", ToHex(manifest.digest()), "\n",  //
                                     "See `kedge manifest lint` and `kedge manifest explain`.\n"),
                .json = {{"file", options.output},
                         {"cluster", manifest.cluster()},
                         {"digest", ToHex(manifest.digest())}},
                .verdict = {}};
}

}  // namespace

void AddManifestInit(CLI::App& manifest, Call& call) {
  const auto options = std::make_shared<InitManifestOptions>();
  CLI::App* init = manifest.add_subcommand("init", "make a first manifest from public keys");
  init->add_option("--cluster", options->cluster, "name of the cluster")->required();
  init->add_option("--image", options->images, "reference-values.json of an accepted image")
      ->required();
  init->add_option("--tpm-root", options->tpm_roots,
                   "PEM certificate of an authority for TPMs (its EK certificates)")
      ->required();
  init->add_option("--evidence-level", options->evidence_levels,
                   "accepted evidence: tee-measured, tee-vtpm, host-vtpm (not confidential)")
      ->capture_default_str();
  init->add_option("--owner-key", options->owner_keys,
                   "public ECDSA P-384 key of an owner in PEM, named after its file")
      ->required();
  init->add_option("--seed-share-key", options->share_keys,
                   "public RSA key of a seed-share owner in PEM, named after its file")
      ->required();
  init->add_option("-o,--output", options->output, "file to write; must not exist")->required();
  init->callback([&call, options] {
    call = [options](const Environment&) { return InitManifest(*options); };
  });
}

}  // namespace kedge::cli
