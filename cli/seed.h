// Commands on the secret seed, offline: what it derives, and its shares.
#pragma once

#include "cli/evidence_commands.h"

namespace kedge::cli {

// Adds `kedge seed …`; the chosen command sets `call`, which outlives it.
void AddSeed(CLI::App& app, Call& call);

// One command each.
void AddSeedDerive(CLI::App& seed, Call& call);

// The seed in the file `path` ("-": standard input), as ParseSeedFile reads it. INVALID_ARGUMENT
// where it cannot be used, NOT_FOUND where it is not there. Warns where others may read the file.
StatusOr<SecretBytes> LoadSeedFile(const Environment& env, const std::string& path);

// The salt of a seed tree in hexadecimal; `option` names it in errors.
StatusOr<Bytes> ParseSalt(std::string_view hex, std::string_view option);

}  // namespace kedge::cli
