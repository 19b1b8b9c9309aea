// A small valid manifest with keys of its own, for tests.
#pragma once

#include "keyservice/core/manifest.h"

namespace kedge::testing {

// Made once a process: RSA keys are slow to make.
const SigningKey& TestOwnerKey();
const RsaPrivateKey& TestSeedShareKey();

// The SHA-256 bank values of the one image that TestManifestTerms accepts.
ReferenceValues SampleImage();
// One image for both roles, host-vtpm and EK accepted, generation 1.
ManifestTerms TestManifestTerms(const std::string& tpm_root_pem = "(no root)");
// Validated; `bytes` stands for the file.
Manifest MakeManifest(ManifestTerms terms, std::string_view bytes = "manifest");

OwnerKey OwnerKeyEntry(const std::string& name, const VerifyKey& key);

}  // namespace kedge::testing
