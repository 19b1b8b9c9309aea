// Who can do and derive what under a manifest, in words. Pure; for people to read.
#pragma once

#include <string>
#include <vector>

#include "keyservice/core/manifest.h"

namespace kedge {

struct PowerStatement {
  std::string who;
  std::vector<std::string> can;
  std::vector<std::string> cannot;
};

// Seed-share owners, owners, machines by role, TPM authorities and hosts: each party that the
// manifest gives power to, strongest first. What it says follows from the key tree (key_tree.h) and
// the release decision (release_decision.h), not from what somebody promises to do.
std::vector<PowerStatement> ExplainManifest(const Manifest& manifest);

}  // namespace kedge
