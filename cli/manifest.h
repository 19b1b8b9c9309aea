// Commands on manifests in files.
#pragma once

#include "cli/evidence_commands.h"

namespace kedge::cli {

// Adds `kedge manifest …`; the chosen command sets `call`. `common` and `call` outlive it.
void AddManifest(CLI::App& app, const Common& common, Call& call);

// One command each.
void AddManifestInit(CLI::App& manifest, Call& call);
void AddManifestLint(CLI::App& manifest, const Common& common, Call& call);

// A manifest in a file; errors name it. INVALID_ARGUMENT, NOT_FOUND.
StatusOr<Manifest> LoadManifestFile(const std::string& path);

}  // namespace kedge::cli
