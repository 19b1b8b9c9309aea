// Requests and their payloads from the wire: parsed once, bounded, unknown fields refused. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "attestation/model/issuer.h"
#include "base/bytes.h"
#include "base/status.h"
#include "keyservice/core/manifest_update.h"
#include "keyservice/core/node_command.h"
#include "keyservice/core/node_registry.h"
#include "keyservice/core/receipt.h"
#include "keyservice/core/release_decision.h"
#include "keyservice/core/service_phase.h"

namespace kedge::keyservice {

// What a request says of itself (C2's request, at most 1 KiB).
struct ReleaseRequest {
  std::string node;
  std::string role;
  std::string volume;
};
struct ReportRequest {
  std::string node;
  std::string role;
  NodeTrigger trigger = NodeTrigger::kReportsJoined;  // one of kReports…
  std::optional<Sha256Digest> header_digest;          // always, except with kReportsJoined
  uint64_t disk_counter = 0;                          // meaningless with kReportsJoined
  bool tpm_counter_behind = false;                    // likewise
};
struct InitRequest {
  Sha256Digest manifest_digest{};
  Bytes coordinator_id;
  absl::Time owner_time;
};
struct RecoverRequest {
  Bytes coordinator_id;
  std::optional<uint64_t> accept_disk_counter;
  absl::Time owner_time;
};
struct StatusRequest {};
struct VerifyRequest {};
struct SetManifestRequest {
  Transition step;  // not signed
};
struct CancelUpdateRequest {
  Sha256Digest manifest_digest{};
};
using Request =
    std::variant<ReleaseRequest, ReportRequest, InitRequest, RecoverRequest, StatusRequest,
                 VerifyRequest, NodeCommand, SetManifestRequest, CancelUpdateRequest>;
// In the order of Request.
RequestKind KindOf(const Request& request);

StatusOr<Request> ParseRequest(ByteView bytes);

// Payloads (payload_c, at most 256 KiB).
struct NodePayload {
  Endorsements endorsements;
  Bytes certificate_request;  // PKCS#10 DER; empty in a report
  Bytes invitation;           // the whole file
  DiskReport disk;            // meaningless in a report
};
struct InitPayload {
  Bytes manifest;
  std::optional<CredentialBlob> credential;
};
struct RecoverPayload {
  Receipt receipt;
  Bytes manifest;
  Bytes salt;
  std::optional<CredentialBlob> credential;
};
struct SetManifestPayload {
  Bytes manifest;
  std::vector<OwnerProof> approvals;
  std::vector<std::string> allow;
  std::vector<Sha256Digest> tested_share_keys;
  bool dry_run = false;
};
StatusOr<NodePayload> ParseReleasePayload(ByteView bytes);
StatusOr<NodePayload> ParseReportPayload(ByteView bytes);
StatusOr<InitPayload> ParseInitPayload(ByteView bytes);
StatusOr<RecoverPayload> ParseRecoverPayload(ByteView bytes);
StatusOr<SetManifestPayload> ParseSetManifestPayload(ByteView bytes);
// Of verify, status, node command and cancelled update.
StatusOr<std::optional<CredentialBlob>> ParseVerifyPayload(ByteView bytes);

}  // namespace kedge::keyservice
