// What is unwise about a valid manifest, and what differs between two. Pure; for people to read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "keyservice/core/manifest.h"

namespace kedge {

enum class LintLevel {
  kWarning,  // works; the owner should mean it
  kError,    // never meant
};
std::string_view ToString(LintLevel level);  // "warning", "error"

struct LintFinding {
  LintLevel level = LintLevel::kWarning;
  std::string code;   // stable, upper case
  std::string where;  // field, with the entry's name
  std::string what;
};
// In the manifest's order of fields. Codes: NOT_CONFIDENTIAL, WEAKER_LEVEL_BESIDE,
// NOTHING_MEASURED, LOAD_OPTIONS_ACCEPTED, EXTENSION_ACCEPTED, SAME_IMAGE_TWICE, ONE_OWNER_KEY,
// SAME_KEY_TWICE, ONE_SHARE_KEY, SAME_ROOT_TWICE, NO_TEE_ACCEPTED, NO_LAUNCH_NAMED.
std::vector<LintFinding> LintManifest(const Manifest& manifest);

enum class ChangeEffect {
  kWidens,   // somebody or something is accepted that was not
  kNarrows,  // the reverse
  kNeutral,
};
std::string_view ToString(ChangeEffect effect);  // "widens", "narrows", "neutral"

struct ManifestChange {
  std::string where;
  std::string what;
  ChangeEffect effect = ChangeEffect::kNeutral;
};
// Empty where both say the same. Images are matched by name and version, keys and roots by their
// bytes, so that a new key under an old name is a removal and an addition.
std::vector<ManifestChange> DiffManifests(const Manifest& from, const Manifest& to);

}  // namespace kedge
