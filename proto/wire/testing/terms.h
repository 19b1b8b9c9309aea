// Valid content for tests of files.
#pragma once

#include "keyservice/core/testing/test_cluster.h"
#include "proto/wire/invitation.h"

namespace kedge::testing {

// A certificate that tpm_roots accepts, the same for the life of the process.
const std::string& TestTpmRootPem();
// For a worker with pins, to be signed by TestOwnerKey().
wire::Invitation TestInvitation();

}  // namespace kedge::testing
