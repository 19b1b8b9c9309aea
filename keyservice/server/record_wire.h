// The values of the key service's store between their JSON form and their C++ types
// (docs/FORMATS.md, "Records"). Pure; MALFORMED for anything that these functions did not write.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "keyservice/core/node_registry.h"
#include "keyservice/core/receipt.h"
#include "keyservice/core/refusal_log.h"

namespace kedge::keyservice {

// What a cluster is, besides its seed and its manifests.
struct ClusterRecord {
  Bytes salt;  // of the seed tree
  std::string ca_certificate_pem;
  Receipt receipt;
  // Written at a recovery, before the state disk's own record can be read.
  bool provisional = false;
};

StatusOr<std::string> PrintClusterRecord(const ClusterRecord& record);
StatusOr<ClusterRecord> ParseClusterRecord(ByteView bytes);

StatusOr<std::string> PrintTransition(const Transition& transition);
StatusOr<Transition> ParseTransition(ByteView bytes);

StatusOr<std::string> PrintNodeRecord(const NodeEntry& entry);
StatusOr<NodeEntry> ParseNodeRecord(ByteView bytes);

StatusOr<std::string> PrintRefusals(const std::vector<RefusalEntry>& refusals);
StatusOr<std::vector<RefusalEntry>> ParseRefusals(ByteView bytes);

}  // namespace kedge::keyservice
