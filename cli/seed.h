// Commands on the secret seed, offline: what it derives, and its shares.
#pragma once

#include "cli/evidence_commands.h"

namespace kedge::cli {

// Adds `kedge seed …`; the chosen command sets `call`. `common` and `call` outlive it.
void AddSeed(CLI::App& app, const Common& common, Call& call);

// One command each.
void AddSeedDerive(CLI::App& seed, Call& call);
void AddSeedSplit(CLI::App& seed, const Common& common, Call& call);
void AddSeedCombine(CLI::App& seed, const Common& common, Call& call);
void AddSeedTest(CLI::App& seed, const Common& common, Call& call);

// One line on stderr where others than its owner may read the file.
void WarnIfOpen(const Environment& env, const std::string& path);
// A file that cannot be read is a bad file (INVALID_ARGUMENT, exit code 2), whatever the system
// calls it: empty, a folder, not for this user. NOT_FOUND and RESOURCE_EXHAUSTED stay.
Status BadFile(const Status& status);

// The seed in the file `path` ("-": standard input), as ParseSeedFile reads it. INVALID_ARGUMENT
// where it cannot be used, NOT_FOUND where it is not there. Warns where others may read the file.
StatusOr<SecretBytes> LoadSeedFile(const Environment& env, const std::string& path);

// The salt of a seed tree in hexadecimal; `option` names it in errors.
StatusOr<Bytes> ParseSalt(std::string_view hex, std::string_view option);

}  // namespace kedge::cli
