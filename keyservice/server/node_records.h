// The node registry as records of a store, with all of it in memory. Not thread-safe: the key
// service's mutex guards it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "keyservice/core/node_registry.h"
#include "keyservice/core/release_decision.h"
#include "keyservice/core/store.h"

namespace kedge::keyservice {

class NodeRecords {
 public:
  // Reads every node in `store`; on an error nothing changes.
  Status Load(Store& store);

  std::optional<NodeEntry> Find(std::string_view name) const;
  // The name under which the machine is registered; empty: none.
  std::string NameOf(const HardwareIdentity& identity) const;
  // Whether an owner has revoked the machine, as whatever node.
  bool IsRevoked(const HardwareIdentity& identity) const;
  RegistryFacts FactsFor(std::string_view name, const HardwareIdentity& identity,
                         bool attached) const;
  std::vector<NodeEntry> All() const;  // by name

  // Durable in `store` before it is visible here.
  Status Put(Store& store, const NodeEntry& entry);

 private:
  struct Known {
    NodeEntry entry;
    uint64_t revision = 0;
  };
  std::map<std::string, Known, std::less<>> nodes_;
};

}  // namespace kedge::keyservice
