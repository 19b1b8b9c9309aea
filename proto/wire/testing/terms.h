// Valid content for tests of files: an image, keys, a manifest, an invitation.
#pragma once

#include "crypto/ecdsa.h"
#include "keyservice/core/manifest.h"
#include "proto/wire/invitation.h"

namespace kedge::wire {

// Values that differ from each other, so that a mixed-up field shows.
ReferenceValues TestImage(std::vector<std::string> roles);
// One of each, the same for the life of the process.
const SigningKey& TestOwner();
const RsaPrivateKey& TestSeedShareKey();
TpmRoot TestTpmRoot();
ManifestTerms TestManifestTerms();
// For a worker with pins.
Invitation TestInvitation();

}  // namespace kedge::wire
