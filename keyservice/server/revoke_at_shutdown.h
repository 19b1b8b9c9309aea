// The end of the seed's life in a machine (design: Node life, "First node, and recovery").
#pragma once

#include "base/host/unit_manager.h"
#include "keyservice/core/seed_vault.h"

namespace kedge::keyservice {

// Revokes the seed in `vault` if the machine is going down, by the service manager's own word; true
// where it did. On a restart of the service, over the switch to the real root, and where the
// manager does not answer (an error), the seed stays: without it the cluster would wait for its
// owner.
StatusOr<bool> RevokeAtShutdown(UnitManager& manager, SeedVault& vault);

}  // namespace kedge::keyservice
