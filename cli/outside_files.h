// Files that are handed to a command: reference values, TPM roots, public keys; and the policies
// that are made of options.
#pragma once

#include <string>
#include <vector>

#include "attestation/verify/verify.h"
#include "base/status.h"
#include "keyservice/core/manifest.h"

namespace kedge::cli {

// Each file of image/predict, for the roles given.
StatusOr<std::vector<ReferenceValues>> LoadReferences(const std::vector<std::string>& paths,
                                                      const std::vector<std::string>& roles);
// Each PEM certificate, named after its file (without folder and extension).
StatusOr<std::vector<TpmRoot>> LoadTpmRoots(const std::vector<std::string>& paths);

// A public key in PEM, named after its file as above. INVALID_ARGUMENT, NOT_FOUND.
StatusOr<OwnerKey> LoadOwnerKey(const std::string& path);
StatusOr<SeedShareKey> LoadSeedShareKey(const std::string& path);

// Control planes and workers, each with these evidence levels and the identity kind ek.
StatusOr<std::vector<RolePolicy>> PoliciesOfBothRoles(const std::vector<std::string>& levels);

}  // namespace kedge::cli
