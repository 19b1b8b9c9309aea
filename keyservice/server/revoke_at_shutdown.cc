#include "keyservice/server/revoke_at_shutdown.h"

namespace kedge::keyservice {
namespace {

// A manager that is shutting down has much to do; its units' stop limits are longer.
constexpr absl::Duration kManagerLimit = absl::Seconds(5);

}  // namespace

StatusOr<bool> RevokeAtShutdown(UnitManager& manager, SeedVault& vault) {
  ASSIGN_OR_RETURN(const bool stopping, manager.IsStopping(kManagerLimit));
  if (!stopping) return false;
  RETURN_IF_ERROR(vault.Revoke());
  return true;
}

}  // namespace kedge::keyservice
