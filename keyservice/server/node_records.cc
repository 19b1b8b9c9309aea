#include "keyservice/server/node_records.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "keyservice/server/record_wire.h"

namespace kedge::keyservice {
namespace {

constexpr std::string_view kPrefix = "node/";

}  // namespace

Status NodeRecords::Load(Store& store) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, store.List(kPrefix));
  std::map<std::string, Known, std::less<>> nodes;
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(const std::optional<StoredValue> value, store.Get(key));
    if (!value) continue;
    StatusOr<NodeEntry> entry = ParseNodeRecord(value->value);
    if (!entry.ok()) return Annotate(entry.status(), key);
    if (key != std::string(kPrefix) + entry->name) {
      return Malformed(absl::StrCat(key, " holds the record of ", entry->name));
    }
    const std::string name = entry->name;
    nodes[name] = {.entry = *std::move(entry), .revision = value->revision};
  }
  nodes_ = std::move(nodes);
  return absl::OkStatus();
}

std::optional<NodeEntry> NodeRecords::Find(std::string_view name) const {
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return std::nullopt;
  return found->second.entry;
}

std::string NodeRecords::NameOf(const HardwareIdentity& identity) const {
  for (const auto& [name, known] : nodes_) {
    if (known.entry.identity == identity) return name;
  }
  return "";
}

bool NodeRecords::IsRevoked(const HardwareIdentity& identity) const {
  for (const auto& [name, known] : nodes_) {
    const auto& revoked = known.entry.revoked;
    if (std::find(revoked.begin(), revoked.end(), identity) != revoked.end()) return true;
  }
  return false;
}

RegistryFacts NodeRecords::FactsFor(std::string_view name, const HardwareIdentity& identity,
                                    bool attached) const {
  return {.entry = Find(name),
          .name_of_identity = NameOf(identity),
          .identity_revoked = IsRevoked(identity),
          .attached = attached};
}

std::vector<NodeEntry> NodeRecords::All() const {
  std::vector<NodeEntry> all;
  for (const auto& [name, known] : nodes_) all.push_back(known.entry);
  return all;
}

Status NodeRecords::Put(Store& store, const NodeEntry& entry) {
  ASSIGN_OR_RETURN(const std::string record, PrintNodeRecord(entry));
  const auto known = nodes_.find(entry.name);
  const uint64_t expected = known == nodes_.end() ? 0 : known->second.revision;
  ASSIGN_OR_RETURN(const uint64_t revision, store.CompareAndSwap(std::string(kPrefix) + entry.name,
                                                                 expected, AsBytes(record)));
  nodes_[entry.name] = {.entry = entry, .revision = revision};
  return absl::OkStatus();
}

}  // namespace kedge::keyservice
