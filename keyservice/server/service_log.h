// The key service's lines in the journal: one a thing that happened, public values only.
#pragma once

#include "attestation/channel_grpc/server.h"
#include "base/status.h"
#include "keyservice/core/manifest_update.h"
#include "keyservice/core/node_command.h"
#include "keyservice/core/node_registry.h"
#include "keyservice/core/service_phase.h"

namespace kedge::keyservice {

struct Peer;

void LogPhase(ServicePhase phase, std::string_view why);
void LogAttach(const Status& status);
void LogRelease(const NodeEntry& entry, ReleaseOrder order);
void LogReport(const NodeEntry& entry);
// At a recovery; of other nodes' disks LogCommand tells.
void LogDiskAccepted(const NodeEntry& entry);
void LogCommand(const NodeCommand& command, const NodeEntry& entry, std::string_view owner);
// `what`: "in force", "waits for more owners", "cancelled by NAME".
void LogUpdate(const Transition& step, const ApprovalTally& tally, std::string_view what);
// Refusals with their reason; finished exchanges at debug level.
void LogExchange(const ExchangeEvent& event, const Peer& peer);
void LogStoreTrouble(const Status& status);

}  // namespace kedge::keyservice
