// Commands on manifests in files.
#pragma once

#include "cli/evidence_commands.h"

namespace kedge::cli {

// Adds `kedge manifest …`; the chosen command sets `call`. `common` and `call` outlive it.
void AddManifest(CLI::App& app, const Common& common, Call& call);

// One command each.
void AddManifestInit(CLI::App& manifest, Call& call);
void AddManifestLint(CLI::App& manifest, const Common& common, Call& call);
void AddManifestSign(CLI::App& manifest, const Common& common, Call& call);
void AddManifestSet(CLI::App& manifest, const Common& common, Call& call);
void AddManifestCancel(CLI::App& manifest, const Common& common, Call& call);

// A manifest in a file; errors name it. INVALID_ARGUMENT, NOT_FOUND.
StatusOr<Manifest> LoadManifestFile(const std::string& path);

// The seed-share keys whose share was seen to open: the workspace's own, where share and key are
// there, opened now and compared with the cluster.
StatusOr<std::vector<Sha256Digest>> TestOwnShare(const Workspace& workspace);

// An update of the state that the workspace knows: its manifest, and the step that owners approve.
struct PreparedUpdate {
  Receipt receipt;
  Manifest current;
  Manifest next;
  Transition step;  // not signed by the seed
};
// Reads the workspace and `path`. Faults of CheckIsUpdate; MANIFEST_NOT_IN_FORCE where the
// workspace's manifest is not the receipt's.
StatusOr<PreparedUpdate> PrepareUpdate(const Workspace& workspace, const std::string& path);

}  // namespace kedge::cli
