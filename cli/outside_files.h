// Files that are handed to a command: reference values and TPM roots.
#pragma once

#include <string>
#include <vector>

#include "attestation/verify/verify.h"
#include "base/status.h"

namespace kedge::cli {

// Each file of image/predict, for the roles given.
StatusOr<std::vector<ReferenceValues>> LoadReferences(const std::vector<std::string>& paths,
                                                      const std::vector<std::string>& roles);
// Each PEM certificate, named after its file (without folder and extension).
StatusOr<std::vector<TpmRoot>> LoadTpmRoots(const std::vector<std::string>& paths);

}  // namespace kedge::cli
